import dataclasses
import html.parser
import json
import os
import sys
import types

import numpy as np
import pytest
import scipy.stats

from keras_mirror.evaluation import RetrievalTask
from keras_mirror.evaluation import SimilarityTask
from keras_mirror.evaluation.evaluate import evaluate
from keras_mirror.evaluation.report import write_html
from keras_mirror.evaluation.report.neighbors import changed_neighbors
from keras_mirror.evaluation.report.neighbors import nearest
from keras_mirror.evaluation.report.neighbors import sample
from keras_mirror.evaluation.report.pairs import example_texts
from keras_mirror.evaluation.report.pairs import positive_pairs
from keras_mirror.evaluation.report.pairs import random_pairs
from keras_mirror.evaluation.report.training_curves import read_training_log
from keras_mirror.evaluation.task import Dropped

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=http://evil.example onerror=alert(1)>",
    "\"double\" & 'single' &amp; &lt;b&gt;",
    '<a href="http://evil.example">click</a> %{x} {{ 7 * 7 }}',
    "emoji 👩‍🚀 and half of one \ud83d",
    "مرحبا\u202e\nsecond line",
]


@pytest.fixture(autouse=True)
def without_plotly_js(monkeypatch):
    """Pages of kilobytes; the library itself is in `test_is_one_file`."""
    import plotly.offline

    from keras_mirror.evaluation.report import page

    assert page.get_plotlyjs is plotly.offline.get_plotlyjs
    monkeypatch.setattr(page, "get_plotlyjs", lambda: "/* plotly */")


class FakeModel:
    """A vector for each text, of its hash; what the report asks of a model."""

    def __init__(self, seed, scale=1.0, pooling_mode="mean"):
        self.seed, self.scale = seed, scale
        self.recipe = types.SimpleNamespace(pooling_mode=pooling_mode)
        self.encoder = types.SimpleNamespace(
            pooling_mode=pooling_mode,
            pooled_layers="last",
            frequency_smoothing=None,
            token_weights=None,
            centered=False,
            whitened=False,
            projection_dim=None,
        )
        self.preprocessor = types.SimpleNamespace(sequence_length=24)

    def vectors(self, texts):
        rows = [
            np.random.default_rng(
                [self.seed, *text.encode("utf-8", "surrogatepass")]
            ).normal(0.5, 1.0, size=6)
            for text in texts
        ]
        return self.scale * np.array(rows, dtype="float32")


@pytest.fixture
def score(monkeypatch):
    """`evaluate` of `FakeModel`s."""
    monkeypatch.setattr(
        "keras_mirror.evaluation.task.encode_in_chunks",
        lambda model, texts, *_: [(model.vectors(texts), 3)],
    )
    return evaluate


def similarity_task(number=40, name="STS1", prefix="text", **options):
    generator = np.random.default_rng(number)
    return SimilarityTask(
        name=name,
        texts_1=[f"{prefix} one {i}" for i in range(number)],
        texts_2=[f"{prefix} two {i}" for i in range(number)],
        scores=generator.integers(0, 6, number).astype(float).tolist(),
        **options,
    )


def retrieval_task(number=12):
    return RetrievalTask(
        name="find",
        queries=[f"query {i}" for i in range(number)],
        documents=[f"document {i}" for i in range(number)],
        relevance=[{i: 1} for i in range(number)],
    )


class Page(html.parser.HTMLParser):
    """What the tests ask of a page: cells, charts, headings, attributes."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.charts, self.headings, self.tags = [], [], [], []
        self.text = ""
        self._open = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        self._open.append((tag, attributes))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append(["", attributes.get("class", "")])
        elif tag == "h2":
            self.headings.append("")
        if tag in ("meta", "input"):
            self._open.pop()

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        tags = [tag for tag, _ in self._open]
        if "script" in tags:
            if self._open[-1][1].get("type") == "application/json":
                self.charts.append(json.loads(data))
            return
        self.text += data
        if "td" in tags or "th" in tags:
            self.tables[-1][-1][-1][0] += data
        elif "h2" in tags:
            self.headings[-1] += data

    def table(self, first_header):
        (table,) = [t for t in self.tables if t[0][0][0] == first_header]
        return table

    def chart_with(self, trace_type):
        return [c for c in self.charts if c["data"][0]["type"] == trace_type]


def make_page(evaluation, tmp_path, **options):
    path = tmp_path / "report.html"
    write_html(evaluation, str(path), **options)
    return Page(path.read_text(encoding="utf-8"))


def numbers(cell):
    """The numbers of a cell, `"[1.00, 2.00]"` has two."""
    plain = cell.replace("\u2212", "-").strip("[]")
    return [float(part) for part in plain.split(", ")]


def score_lines(page):
    """Rows of the table of scores without the names of kinds."""
    return [row for row in page.table("Task")[1:] if len(row) > 1]


# === Scores ===


def test_table_has_the_scores(score, tmp_path):
    subsets = ["news", "forum"] * 20
    tasks = [
        similarity_task(subsets=subsets),
        similarity_task(30, name="STS2", prefix="other"),
        retrieval_task(),
    ]
    models = {"before": FakeModel(1), "mid": FakeModel(2), "now": FakeModel(3)}
    evaluation = score(models, tasks)
    lines = score_lines(make_page(evaluation, tmp_path))
    assert len(lines) == len(evaluation.rows) == 6 + 2 + 1 + 5
    for row, cells in zip(evaluation.rows, lines, strict=True):
        cells = [cell for cell, _ in cells]
        assert cells[1:3] == [row.metric, str(row.num_items)]
        shown = [numbers(cell) for cell in cells[3:]]
        wanted = []
        for one in [*row.scores, *row.differences]:
            wanted += [[100 * one.value], [100 * end for end in one.interval]]
        for values, expected in zip(shown, wanted, strict=True):
            np.testing.assert_allclose(values, expected, atol=0.00501)
    labels = [row[0][0] for row in lines]
    assert labels[:9] == (
        ["STS1", "", "news", "", "forum", "", "STS2", "", "average of 2"]
    )


def test_differences_beyond_their_interval_are_marked(score, tmp_path):
    class Right(FakeModel):
        """Puts query and document of a number at the same place."""

        def vectors(self, texts):
            return super().vectors([text.split()[-1] for text in texts])

    before, right, unsure = FakeModel(1), Right(1), FakeModel(2)
    task = retrieval_task(30)

    def differences(*models):
        evaluation = score(dict(zip("abcd", models, strict=False)), [task])
        first = score_lines(make_page(evaluation, tmp_path))[0]
        return first[3 + 2 * len(models) :]

    marked = differences(before, right, before, unsure)
    styles = [style for _, style in marked[::2]]
    assert styles == ["number better", "number ", "number "]
    assert marked[0][0].startswith("+") and marked[2][0] == "0.00"
    low, high = numbers(marked[5][0])
    assert low < 0 < high
    worse, _ = differences(right, before)
    assert worse[1] == "number worse" and worse[0].startswith("\u2212")


def test_undefined_scores_are_shown(score, tmp_path):
    models = {"zero": FakeModel(1, scale=0.0), "other": FakeModel(2)}
    evaluation = score(models, [similarity_task()])
    assert evaluation.rows[0].scores[0].value is None
    page = make_page(evaluation, tmp_path)
    cells = [cell for cell, _ in score_lines(page)[0]]
    assert cells[3:5] == ["undefined", ""]
    assert cells[7:9] == ["undefined", ""]
    dots = page.chart_with("scatter")[0]["data"]
    assert [len(trace["x"]) for trace in dots] == [0, 1]


def test_model_of_nan(score, tmp_path):
    models = {"nan": FakeModel(1, scale=np.nan), "other": FakeModel(2)}
    page = make_page(score(models, [similarity_task()]), tmp_path)
    assert {cell for cell, _ in page.tables[-1][1][1:]} == {"undefined"}
    assert "undefined" not in [cell for cell, _ in page.tables[-1][2]]
    assert len(page.chart_with("bar")) == 1  # the other model's
    assert len(page.chart_with("heatmap")) == 2


def test_dot_plot_has_the_headlines(score, tmp_path):
    tasks = [similarity_task(), similarity_task(30, "STS2", "other")]
    evaluation = score({"a": FakeModel(1), "b": FakeModel(2)}, tasks)
    chart = make_page(evaluation, tmp_path).chart_with("scatter")[0]
    rows = [evaluation.rows[i] for i in (0, 2, 4)]
    labels = [text.strip() for text in chart["layout"]["yaxis"]["ticktext"]]
    assert labels == ["STS1", "STS2", "average of 2"]
    for model, trace in enumerate(chart["data"]):
        scores = [row.scores[model] for row in rows]
        np.testing.assert_allclose(trace["x"], [100 * s.value for s in scores])
        lows = np.subtract(trace["x"], trace["error_x"]["arrayminus"])
        highs = np.add(trace["x"], trace["error_x"]["array"])
        ends = np.transpose([lows, highs]) / 100
        np.testing.assert_allclose(ends, [s.interval for s in scores])


# === Headline ===


def test_headline_tells_what_was_compared(score, tmp_path):
    dropped = [Dropped("a.tsv", line, "no score") for line in (3, 5)]
    dropped.append(Dropped("a.tsv", 9, "no text"))
    tasks = [
        similarity_task(dropped=tuple(dropped), num_published=43),
        similarity_task(30, "STS2", "other", num_published=30),
    ]
    models = {"a": FakeModel(1), "b": FakeModel(2, pooling_mode="cls")}
    notes = ["pooling overridden: mean"]
    page = make_page(score(models, tasks), tmp_path, notes=notes)
    assert [[cell for cell, _ in row] for row in page.tables[0][1:]] == [
        ["a", "mean, of the last layer", "24", "140", "3"],
        ["b", "cls, of the last layer", "24", "140", "3"],
    ]
    (row,) = page.table("Incomplete task")[1:]
    shown = [cell for cell, _ in row]
    assert shown == ["STS1", "40", "43", "2 × no score, 1 × no text"]
    assert notes[0] in page.text


def test_complete_tasks_are_not_listed(score, tmp_path):
    task = similarity_task(num_published=40)
    page = make_page(score({"a": FakeModel(1)}, [task]), tmp_path)
    assert "Incomplete" not in page.text


# === Sections ===


def test_sections_of_each_case(score, tmp_path):
    two = {"a": FakeModel(1), "b": FakeModel(2)}
    page = make_page(score(two, [similarity_task()]), tmp_path)
    assert page.headings == [
        "Scores",
        "Related and random pairs",
        "A few texts",
        "Changed neighbors",
        "Geometry",
    ]
    page = make_page(score({"a": two["a"]}, [similarity_task()]), tmp_path)
    assert "Changed neighbors" not in page.headings
    page = make_page(score(two, [retrieval_task()]), tmp_path)
    assert page.headings == ["Scores", "Changed neighbors", "Geometry"]
    texts = {row[0][0] for row in page.table("Text")[1:]}
    assert texts and all(text.startswith("document") for text in texts)


def test_histograms_count_all_pairs(score, tmp_path):
    tasks = [similarity_task(), similarity_task(31, "STS2", "other")]
    models = {"a": FakeModel(1), "b": FakeModel(2)}
    page = make_page(score(models, tasks), tmp_path)
    charts = page.chart_with("bar")
    assert len(charts) == 2
    for chart in charts:
        assert [trace["name"] for trace in chart["data"]] == (
            ["related", "random"]
        )
        for trace, count in zip(chart["data"], (8 + 7, 8 + 7), strict=True):
            assert sum(trace["y"]) == pytest.approx(100)
            counts = np.array(trace["y"]) * count / 100
            np.testing.assert_allclose(counts, counts.round(), atol=1e-9)
    ranges = [chart["layout"]["xaxis"]["range"] for chart in charts]
    assert ranges[0] == ranges[1]
    pairs = [pair for task in tasks for pair in positive_pairs(task)]
    cosines = [slow_cosine(models["a"], *pair) for pair in pairs]
    assert f"(related {np.mean(cosines):.2f}, random " in page.text


def test_heat_maps_share_their_colors(score, tmp_path):
    models = {"a": FakeModel(1), "b": FakeModel(2)}
    task = similarity_task()
    charts = make_page(score(models, [task]), tmp_path).chart_with("heatmap")
    texts = example_texts(task)
    for model, chart in zip(models.values(), charts, strict=True):
        (trace,) = chart["data"]
        expected = [
            [slow_cosine(model, one, other) for other in texts] for one in texts
        ]
        np.testing.assert_allclose(trace["z"], expected, atol=1e-4)
        assert trace["zmin"] == charts[0]["data"][0]["zmin"] <= np.min(expected)
        assert trace["zmax"] == 1


def test_geometry_is_that_of_metrics(score, tmp_path):
    from keras_mirror import metrics

    model, task = FakeModel(1), similarity_task()
    page = make_page(score({"a": model}, [task]), tmp_path)
    header, row = page.tables[-1]
    vectors = model.vectors(task.texts())
    first, second = zip(*positive_pairs(task), strict=True)
    expected = [
        metrics.alignment(model.vectors(first), model.vectors(second)),
        metrics.uniformity(vectors),
        metrics.isotropy_score(vectors),
        metrics.mean_vector_norm(vectors),
    ]
    assert [cell[:9] for cell, _ in header[1:]] == [
        "Alignment",
        "Uniformit",
        "Isotropy ",
        "Mean-vect",
    ]
    shown = [numbers(cell)[0] for cell, _ in row[1:]]
    np.testing.assert_allclose(shown, [float(e) for e in expected], rtol=6e-3)


def slow_cosine(model, text_1, text_2):
    one, other = model.vectors([text_1, text_2]).astype("float64")
    return one @ other / np.sqrt(one @ one) / np.sqrt(other @ other)


# === Pairs ===


def test_positive_pairs_are_the_top_fifth():
    task = similarity_task(50)
    pairs = positive_pairs(task)
    assert len(pairs) == 10
    score_of = dict(
        zip(
            zip(task.texts_1, task.texts_2, strict=True),
            task.scores,
            strict=True,
        )
    )
    lowest = min(score_of[pair] for pair in pairs)
    others = [s for pair, s in score_of.items() if pair not in pairs]
    assert lowest >= max(others)


def test_pairs_of_one_text_are_no_positives():
    task = SimilarityTask(
        name="same", texts_1=["a", "b"], texts_2=["a", "c"], scores=[5.0, 5.0]
    )
    assert positive_pairs(task) == []


@pytest.mark.parametrize("num_texts", [2, 3, 10])
def test_random_pairs_are_never_identical(num_texts):
    texts = [f"text {i % num_texts}" for i in range(4 * num_texts)]
    pairs = random_pairs(texts, 2000)
    assert len(pairs) == 2000
    assert all(one != other for one, other in pairs)
    assert pairs == random_pairs(texts, 2000) != random_pairs(texts, 2000, 1)
    counts = {pair: pairs.count(pair) for pair in pairs}
    assert len(counts) == num_texts * (num_texts - 1)  # every pair comes
    assert scipy.stats.chisquare(list(counts.values())).pvalue > 0.001


def test_example_texts_are_pairs_of_all_parts():
    scores = np.random.default_rng(0).permutation(40) - np.arange(40)
    task = dataclasses.replace(similarity_task(40), scores=scores.tolist())
    texts = example_texts(task)
    assert len(set(texts)) == 8
    rows = [task.texts_1.index(text) for text in texts[::2]]
    assert [task.texts_2[row] for row in rows] == texts[1::2]
    assert [row // 10 for row in rows] == [0, 1, 2, 3]
    for row in rows:
        part = task.scores[row // 10 * 10 : row // 10 * 10 + 10]
        assert task.scores[row] == max(part)


def test_example_texts_do_not_repeat():
    task = SimilarityTask(
        name="few",
        texts_1=["a", "a", "b", "c"],
        texts_2=["a", "b", "a", "d"],
        scores=[5.0, 4.0, 3.0, 2.0],
    )
    assert example_texts(task) == ["a", "b", "c", "d"]


# === Neighbors ===


def slow_neighbors(model, texts):
    """The five nearest of each text, by sorting all."""
    return [
        sorted(
            (other for other in texts if other != text),
            key=lambda other, text=text: -slow_cosine(model, text, other),
        )[:5]
        for text in texts
    ]


def test_neighbors_against_a_slow_reference(monkeypatch):
    monkeypatch.setattr("keras_mirror.nearest_rows._NUM_SIMILARITIES", 7 * 24)
    texts = [f"text {i}" for i in range(24)]
    first, last = FakeModel(1), FakeModel(2)
    before, after = slow_neighbors(first, texts), slow_neighbors(last, texts)
    rows = nearest(first.vectors(texts))
    assert [[texts[place] for place in row] for row in rows] == before

    def order(place):
        overlap = len(set(before[place]) & set(after[place]))
        gains = [
            slow_cosine(last, texts[place], near)
            - slow_cosine(first, texts[place], near)
            for near in after[place]
        ]
        return overlap, -np.mean(gains)

    wanted = sorted(range(len(texts)), key=order)[:10]
    changes = changed_neighbors(first.vectors, last.vectors, texts)
    assert [change.text for change in changes] == [texts[i] for i in wanted]
    for change, place in zip(changes, wanted, strict=True):
        shared = set(before[place]) & set(after[place])
        for found, slow, model in (
            (change.before, before, first),
            (change.after, after, last),
        ):
            assert [n.text for n in found] == slow[place]
            assert {n.text for n in found if n.is_shared} == shared
            cosines = [slow_cosine(model, change.text, n) for n in slow[place]]
            np.testing.assert_allclose(
                [n.cosine for n in found], cosines, atol=1e-6
            )


def test_neighbors_in_the_page(score, tmp_path):
    models = {"a": FakeModel(1), "b": FakeModel(2), "c": FakeModel(3)}
    task = similarity_task()
    page = make_page(score(models, [task]), tmp_path)
    texts = list(dict.fromkeys(task.texts()))
    changes = changed_neighbors(models["a"].vectors, models["c"].vectors, texts)
    header, *rows = page.table("Text")
    assert [cell for cell, _ in header] == ["Text", "a", "c"]
    for (text, before, after), change in zip(rows, changes, strict=True):
        assert text[0] == change.text
        for cell, near in ((before, change.before), (after, change.after)):
            wanted = [(f"{n.cosine:.2f}", n.text) for n in near]
            shown = cell[0].replace("\u2212", "-").split("\n")[1:-1]
            assert shown == [cosine + text for cosine, text in wanted]


def test_sample_is_small_and_in_order():
    texts = [f"text {i % 3000:04}" for i in range(6000)]
    sampled = sample(texts)
    assert len(set(sampled)) == len(sampled) == 2000
    assert sampled == sorted(sampled) == sample(texts)
    assert sample(texts[:1500] * 2) == texts[:1500]


# === Hostile texts ===


def test_hostile_texts_are_text(score, tmp_path):
    texts = HOSTILE + [f"<b>{i}</b>" for i in range(10)]
    task = SimilarityTask(
        name="<i>task</i>",
        kind="<u>kind</u>",
        texts_1=texts,
        texts_2=[text + "!" for text in texts],
        scores=[float(i % 3) for i in range(len(texts))],
        subsets=["</table>", "'\""] * (len(texts) // 2),
        dropped=(Dropped("a", 1, "<s>reason</s>"),),
    )
    models = {"<b>1</b>": FakeModel(1), "</script>": FakeModel(2)}
    evaluation = score(models, [task])
    page = make_page(evaluation, tmp_path, notes=["<em>note</em>"])
    known = (
        "html head meta title style body main header h1 h2 h3 p ul ol li div "
        "dl dt dd table thead tbody tr th td span section figure script label "
        "input footer"
    )
    assert {tag for tag, _ in page.tags} <= set(known.split())
    scripts = [a for tag, a in page.tags if tag == "script"]
    in_charts = [a for a in scripts if a.get("type") == "application/json"]
    assert len(scripts) == len(in_charts) + 2 == len(page.charts) + 2
    for text in ("<em>note</em>", "<i>task</i>", "<u>kind</u>", "</table>"):
        assert text in page.text
    for text in ("1 × <s>reason</s>", "<b>1</b>", "</script> − <b>1</b>"):
        assert text in page.text
    shown = {row[0][0] for row in page.table("Text")[1:]}
    assert shown <= {t.replace("\ud83d", "?") for t in task.texts()}
    assert "<" not in json.dumps(plain_strings(page.charts))


def plain_strings(value):
    """The strings of charts that hold data, without Plotly's line break."""
    if isinstance(value, dict):
        return [
            plain_strings(v) for k, v in value.items() if k != "hovertemplate"
        ]
    if isinstance(value, list):
        return [plain_strings(one) for one in value]
    return value.replace("<br>", "") if isinstance(value, str) else ""


def test_hostile_texts_in_charts(score, tmp_path):
    task = SimilarityTask(
        name="hostile",
        texts_1=HOSTILE,
        texts_2=[text + "!" for text in HOSTILE],
        scores=[5.0] * len(HOSTILE),
    )
    page = make_page(score({"a": FakeModel(1)}, [task]), tmp_path)
    (chart,) = page.chart_with("heatmap")
    examples = example_texts(task)
    hover = chart["data"][0]["customdata"]
    for row, text in enumerate(examples):
        one, other = hover[row][row].split("<br>–<br>")
        shown = html.unescape(one.replace("<br>", " "))
        assert shown.split() == text.split() and one == other


# === The file ===


def test_is_one_file(score, tmp_path, monkeypatch):
    from plotly.offline import get_plotlyjs

    from keras_mirror.evaluation.report import page as page_module

    monkeypatch.setattr(page_module, "get_plotlyjs", get_plotlyjs)
    path = tmp_path / "report.html"
    models = {"a": FakeModel(1), "b": FakeModel(2)}
    write_html(score(models, [similarity_task()]), path)
    text = path.read_text(encoding="utf-8")
    assert text.count("plotly.js v") == get_plotlyjs().count("plotly.js v") > 0
    page = Page(text)
    for tag, attributes in page.tags:
        assert tag not in ("link", "img", "iframe", "a")
        assert not {"src", "href", "data", "srcset"} & set(attributes)
    policy = [a["content"] for t, a in page.tags if "http-equiv" in a]
    assert policy == [
        "default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'; img-src data: blob:"
    ]
    styles = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in styles and "@import" not in styles


def test_same_evaluation_gives_the_same_file(score, tmp_path):
    models = {"a": FakeModel(1), "b": FakeModel(2)}
    evaluation = score(models, [similarity_task()])
    for name in ("1.html", "2.html"):
        write_html(evaluation, tmp_path / name)
    files = [(tmp_path / name).read_bytes() for name in ("1.html", "2.html")]
    assert files[0] == files[1]


def test_file_is_untouched_on_failure(score, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")
    evaluation = score({"a": FakeModel(1)}, [similarity_task()])
    with pytest.raises(ValueError, match="log.csv, line 1"):
        write_html(evaluation, path, log=tmp_path / "log.csv")

    def full_disk(source, target):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full_disk)
        with pytest.raises(OSError, match="No space left"):
            write_html(evaluation, path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.html"]
    write_html(evaluation, path)
    assert "<!doctype html>" in path.read_text(encoding="utf-8")
    assert os.listdir(tmp_path) == ["report.html"]


@pytest.mark.parametrize("name", ["plotly", "jinja2"])
def test_missing_extra_is_named(name, score, tmp_path, monkeypatch):
    evaluation = score({"a": FakeModel(1)}, [similarity_task()])
    monkeypatch.setitem(sys.modules, name, None)
    message = (
        f"^The report needs {name}. "
        r"Install it with `pip install keras-mirror\[report\]`$"
    )
    with pytest.raises(ImportError, match=message):
        write_html(evaluation, tmp_path / "report.html")
    assert not os.listdir(tmp_path)


def test_real_models(tmp_path):
    from support import models as tiny_models
    from support import texts as corpora

    model = tiny_models.make_model()
    task = SimilarityTask(
        name="real",
        texts_1=corpora.texts(8),
        texts_2=corpora.texts(8, seed=1),
        scores=list(range(8)),
    )
    page = make_page(evaluate({"model": model}, [task]), tmp_path)
    assert [cell for cell, _ in page.tables[0][1]][:3] == [
        "model",
        "mean, of the last layer",
        "24",
    ]


# === Training log ===


def write_log(tmp_path, text):
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_curves_are_the_log(score, tmp_path):
    text = (
        "\ufeffstep,time,loss,alignment,<b>rate</b>\n"
        "1,12:00,2.5,0.5,1e-5\n\n2,12:01,2.25,,nan\n"
    )
    log = write_log(tmp_path, text)
    evaluation = score({"a": FakeModel(1)}, [similarity_task()])
    page = make_page(evaluation, tmp_path, log=log)
    assert "Training" in page.headings and "12:00" not in page.text
    curves = [
        c for c in page.chart_with("scatter") if "name" not in c["data"][0]
    ]
    found = [(c["data"][0]["x"], c["data"][0]["y"]) for c in curves]
    assert found == [
        ([1, 2], [2.5, 2.25]),
        ([1, 2], [0.5, None]),
        ([1, 2], [1e-5, None]),
    ]
    assert "<b>rate</b>" in page.text


def test_long_logs_are_thinned(score, tmp_path):
    rows = "".join(f"{i},{i / 2}\n" for i in range(1, 5002))
    log = write_log(tmp_path, "step,loss\n" + rows)
    evaluation = score({"a": FakeModel(1)}, [similarity_task()])
    page = make_page(evaluation, tmp_path, log=log)
    trace = page.chart_with("scatter")[-1]["data"][0]
    assert len(trace["x"]) == 1667 and trace["x"][-1] == 5001
    np.testing.assert_allclose(trace["y"], np.array(trace["x"]) / 2)


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "line 1: expected a header with a column `step`"),
        ("epoch,loss\n1,2\n", r"line 1: .* Received: 'epoch,loss'"),
        ("step,loss,loss\n1,2,3\n", "line 1: .* no name twice"),
        (
            "step,loss\n",
            r"line 2: expected numbers .* Received: numbers in \[\]",
        ),
        ("step,note\n1,good\n", r"line 2: .* numbers in \['step'\]"),
        ("step,loss\n1,2.5\n2\n", "line 3: expected 2 values.* Received: 1"),
        ("step,loss\n1,2.5\n2,high\n", "line 3: .*`loss`. Received: 'high'"),
        ("step,loss\n1,2.5\n,2.0\n", "line 3: .*`step`. Received: ''"),
        (b"step,loss\n1,\xff\n", "line 1: .*CSV file in UTF-8. .*0xff"),
    ],
)
def test_malformed_log_is_refused(text, message, tmp_path):
    path = write_log(tmp_path, text)
    with pytest.raises(ValueError, match=f"log.csv, {message}"):
        read_training_log(path)


def test_missing_log_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match="gone.csv, line 1: .* Received: No such file"
    ):
        read_training_log(tmp_path / "gone.csv")
