import contextlib
import json
import re
import sys

import keras
import numpy as np
import pytest
from support.models import make_model
from support.models import save_preset
from support.texts import texts

import keras_mirror
from keras_mirror.cli.models import is_model
from keras_mirror.cli.models import load_model
from keras_mirror.evaluation import score as score_module


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two archives and a preset, two benchmarks in a folder."""
    folder = tmp_path_factory.mktemp("evaluate")
    keras.utils.set_random_seed(0)
    make_model(pooling_mode="cls").save(folder / "first.keras")
    make_model(pooling_mode="mean").save(folder / "second.keras")
    save_preset(folder / "preset")
    (folder / "data").mkdir()
    strings = texts(80)
    scores = np.random.default_rng(0).integers(6, size=40)
    rows = zip(strings[:40], strings[40:], scores, strict=True)
    lines = [f"{text_1}\t{text_2}\t{score}" for text_1, text_2, score in rows]
    (folder / "data" / "mine.tsv").write_text("\n".join(lines), "utf-8")
    lines = [
        f"main-captions\tx\t2012\t{number}\t{number % 6}\t{text}\t{other}"
        for number, (text, other) in enumerate(
            zip(strings[::-1], strings, strict=True)
        )
    ]
    lines[3] = "main-captions\tx\t2012\t3\t2.0\t \tempty"
    (folder / "data" / "sts-dev.csv").write_text("\n".join(lines), "utf-8")
    (folder / "data" / "LICENSE.txt").write_text("Do what you like.\n")
    return folder


@pytest.fixture(autouse=True)
def few_samples(monkeypatch, folder):
    monkeypatch.setattr(score_module, "NUM_RESAMPLES", 50)
    monkeypatch.chdir(folder)


def test_two_archives_side_by_side(command, folder, tmp_path):
    path = tmp_path / "scores.json"
    code, screen, errors = command(
        "evaluate", "first.keras", "second.keras", "data", "--json", path
    )
    assert code == 0, errors
    content = json.loads(path.read_text(encoding="utf-8"))
    assert [model["name"] for model in content["models"]] == [
        "first.keras",
        "second.keras",
    ]
    assert [model["pooling_mode"] for model in content["models"]] == [
        "cls",
        "mean",
    ]
    rows = {(row["task"], row["metric"]): row for row in content["rows"]}
    assert set(rows) == {
        ("mine", "Spearman"),
        ("mine", "Pearson"),
        ("STS-B dev", "Spearman"),
        ("STS-B dev", "Pearson"),
        ("average of 2", "Spearman"),
    }
    assert rows["STS-B dev", "Pearson"]["num_items"] == 79
    for (task, metric), row in rows.items():
        (line,) = [
            line
            for line in screen.splitlines()
            if task in line and metric in line
        ]
        numbers = [float(n) for n in re.findall(r"[-+]?\d+\.\d\d", line)]
        scores = [*row["scores"], *row["differences"]]
        expected = [
            100 * score[key]
            for score in scores
            for key in ("value", "low", "high")
        ]
        assert numbers == pytest.approx(expected, abs=0.0051)
    told = re.sub(" +", " ", errors)
    dropped = "1 dropped, empty text (first: data/sts-dev.csv, line 4)"
    assert dropped in told and "79 of 1500 published" in told
    assert f"written {path}" in told
    assert re.search(
        r"second.keras pooling: mean, of the last layer; \d+ texts, \d+ cut at "
        "24",
        told,
    )


@pytest.mark.parametrize("mode", ["mean", "max"])
def test_a_language_model_is_the_raw_backbone(command, tmp_path, mode):
    path = tmp_path / "scores.json"
    options = [] if mode == "mean" else ["--pooling", mode]
    code, screen, errors = command(
        *["evaluate", "preset", "data/mine.tsv", "--json", path], *options
    )
    assert code == 0, errors
    note = f"pooling overridden: {mode}"
    if not options:
        note = (
            "preset is raw: untrained, the mean of its last layer's tokens, "
            "equally weighted"
        )
    assert note in errors
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["notes"] == [note]
    assert content["models"][0]["pooling_mode"] == mode
    words = f"{mode}, of the last layer"
    assert content["models"][0]["pooling"] == words
    assert f"pooling: {words};" in errors
    model = keras_mirror.MirrorModel.from_preset(
        "preset", recipe="paper_sentence", pooling_mode=mode
    )
    from keras_mirror.evaluation.readers import read_benchmarks

    (task,) = read_benchmarks("data/mine.tsv")
    expected = task.score(model.encode_text)[0].score.value
    assert content["rows"][0]["scores"][0]["value"] == pytest.approx(
        expected, abs=1e-6
    )


def test_an_encoder_keeps_its_own_pooling(command, tmp_path):
    make_model(pooling_mode="cls").export(tmp_path / "encoder")
    path = tmp_path / "encoder"
    code, _, errors = command("evaluate", path, "data/mine.tsv")
    assert code == 0, errors
    assert "pooling: cls, of the last layer;" in errors
    assert "raw" not in errors


def test_a_narrow_screen_has_a_line_for_every_score(
    command, monkeypatch, tmp_path
):
    path = tmp_path / "scores.json"
    models = ["first.keras", "second.keras", "preset"]
    _, wide, _ = command("evaluate", *models, "data", "--json", path)
    assert max(map(len, wide.splitlines())) > 80
    monkeypatch.setenv("COLUMNS", "80")
    code, screen, errors = command("evaluate", *models, "data")
    assert code == 0, errors
    assert max(map(len, screen.splitlines())) <= 80
    words = " ".join(screen.split())
    content = json.loads(path.read_text(encoding="utf-8"))
    for row in content["rows"]:
        assert f"{row['task']} {row['metric']}, {row['num_items']}" in words
        for name, score in zip(models, row["scores"], strict=True):
            assert f"{name} {100 * score['value']:.2f} [" in words
        for score in row["differences"]:
            assert f"{100 * score['value']:+.2f} [" in words


def test_a_task_with_subsets_alone_has_a_name(command, tmp_path):
    lexicon = tmp_path / "test.en-fr.tsv"
    lexicon.write_text("cat\tchat\ndog\tchien\nman\thomme\n")
    code, screen, errors = command("evaluate", "first.keras", lexicon)
    assert code == 0, errors
    lines = [line.strip("│ ") for line in screen.splitlines()]
    start = next(n for n, x in enumerate(lines) if x.startswith("BLI en-fr"))
    assert lines[start + 1].startswith("no mapping")
    _, screen, _ = command("evaluate", "first.keras", lexicon, "--latex")
    assert "BLI en-fr: no mapping & accuracy@1 & 3 & " in screen


def test_tfidf_beside_an_archive(command, folder, tmp_path):
    pytest.importorskip("sklearn", reason="the extra [search] is missing")
    path = tmp_path / "scores.json"
    arguments = ["tfidf", "first.keras", "data/mine.tsv", "--json", path]
    code, screen, errors = command("evaluate", *arguments)
    assert code == 0, errors
    content = json.loads(path.read_text(encoding="utf-8"))
    assert [model["name"] for model in content["models"]] == arguments[:2]
    from keras_mirror.evaluation import TfidfBaseline
    from keras_mirror.evaluation.readers import read_benchmarks

    (task,) = read_benchmarks("data/mine.tsv")
    expected = task.score(TfidfBaseline().fit(task))[0].score.value
    row = content["rows"][0]
    assert row["scores"][0]["value"] == pytest.approx(expected)
    difference = row["scores"][1]["value"] - expected
    assert row["differences"][0]["value"] == pytest.approx(difference)
    assert f"{100 * expected:.2f}" in screen
    assert re.search("tfidf +counts the words of each task's own", errors)


def test_only_encoders_have_a_progress_bar(command, monkeypatch):
    pytest.importorskip("sklearn", reason="the extra [search] is missing")
    module = sys.modules["keras_mirror.cli.evaluation_steps"]
    bars = []

    class Progress:
        def add_task(self, name, total):
            bars.append(name)
            return name

        def update(self, name, advance):
            assert name == "first.keras"

    monkeypatch.setattr(
        module, "progress_bar", lambda: contextlib.nullcontext(Progress())
    )
    code, _, errors = command("evaluate", "tfidf", "first.keras", "data")
    assert code == 0, errors
    assert bars == ["first.keras"]


def test_tfidf_alone_with_a_report(command, tmp_path):
    pytest.importorskip("sklearn", reason="the extra [search] is missing")
    pytest.importorskip("plotly", reason="the extra [report] is missing")
    path = tmp_path / "report.html"
    code, _, errors = command("evaluate", "tfidf", "data", "--html", path)
    assert code == 0, errors
    page = path.read_text(encoding="utf-8")
    assert "tfidf" in page and "<h2>Geometry</h2>" not in page


def test_data_of_the_name_tfidf_stays_data(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tfidf").mkdir()
    code, _, errors = command("evaluate", "tfidf")
    assert code == 2 and "a MODEL (*.keras, a preset) is missing" in errors


def test_tfidf_without_scikit_learn(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    code, _, errors = command("evaluate", "tfidf", "data")
    assert code == 1 and 'pip install "keras-mirror[search]"' in errors


def test_pooling_of_an_archive_is_replaced():
    assert load_model("first.keras").recipe.pooling_mode == "cls"
    model = load_model("first.keras", "mean")
    assert model.recipe.pooling_mode == "mean"
    words = ["a man plays", "a woman"]
    cls, mean = (load_model(f"{name}.keras") for name in ("first", "second"))
    mean.set_weights(cls.get_weights())
    np.testing.assert_allclose(
        model.encode_text(words), mean.encode_text(words), atol=1e-6
    )
    assert np.abs(model.encode_text(words) - cls.encode_text(words)).max() > 0.1


def test_replaced_pooling_keeps_the_layers_and_drops_the_weights(tmp_path):
    model = make_model(
        pooling_mode="mean", pooled_layers="first_last", frequency_smoothing=0.1
    )
    model.encoder.token_weights.count(**model.preprocessor(["a man plays"]))
    model.save(tmp_path / "model.keras")
    words = ["a man plays", "a woman"]
    same = load_model(str(tmp_path / "model.keras"), "mean")
    np.testing.assert_array_equal(
        same.encode_text(words), model.encode_text(words)
    )
    largest = load_model(str(tmp_path / "model.keras"), "max")
    assert largest.encoder.pooled_layers == "first_last"
    assert largest.recipe.frequency_smoothing is None
    assert largest.encode_text(words).shape == (2, 8)


def test_html_report(command, tmp_path):
    pytest.importorskip("plotly", reason="the extra [report] is missing")
    log = tmp_path / "log.csv"
    log.write_text("step,loss\n1,2.5\n2,1.5\n")
    path = tmp_path / "report.html"
    arguments = ["evaluate", "first.keras", "second.keras", "data"]
    arguments += ["--html", path, "--log", log]
    code, _, errors = command(*arguments)
    assert code == 0, errors
    page = path.read_text(encoding="utf-8")
    assert "second.keras" in page and "STS-B dev" in page
    code, _, errors = command(*arguments)
    assert code == 2 and "report.html' exists" in errors
    assert path.read_text(encoding="utf-8") == page


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        (["first.keras"], 2, "a PATH of a benchmark is missing"),
        (["data"], 2, "a MODEL (*.keras, a preset) is missing"),
        (["none.keras", "data"], 2, "no archive 'none.keras'"),
        (["first.keras", "none"], 2, "none"),
        (["first.keras", "data/LICENSE.txt"], 2, "data/LICENSE.txt"),
        (["first.keras", "data", "--json=x.txt"], 2, "must end in .json"),
        (["first.keras", "data", "--json", "--csv"], 2, "printed together"),
        (
            ["first.keras", "data", "--over-seeds"],
            2,
            "needs archives NAME.seed1",
        ),
        (["first.keras", "data", "--html", "x.json"], 2, "must end in .html"),
        (["first.keras", "data", "--pooling", "sum"], 2, "--pooling"),
        (
            ["first.keras", "data", "--log", "data/mine.tsv"],
            2,
            "--log is drawn in --html",
        ),
        (
            "first.keras data --html x.html --log data/mine.tsv".split(),
            2,
            "data/mine.tsv",
        ),
    ],
)
def test_wrong_use(command, arguments, code, message):
    result, screen, errors = command("evaluate", *arguments)
    assert result == code and message in errors and not screen
    assert len(errors.splitlines()) == 1


def test_a_missing_extra_is_told_before_the_work(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    arguments = ["evaluate", "none", "first.keras", "data", "--html", "x.html"]
    code, _, errors = command(*arguments)
    assert code == 1 and 'pip install "keras-mirror[report]"' in errors


def test_a_damaged_archive_is_a_failure(command, tmp_path):
    path = tmp_path / "damaged.keras"
    path.write_bytes(b"PK nothing")
    code, _, errors = command("evaluate", path, "data")
    assert code == 1 and "not a readable archive" in errors


def test_the_backend_is_chosen_before_names_are_looked_up(command, monkeypatch):
    def stop(message):
        raise RuntimeError(message)

    module = sys.modules["keras_mirror.cli.evaluate"]
    monkeypatch.setattr(module, "start_keras", lambda *_: stop("backend"))
    monkeypatch.setattr(module, "is_model", lambda *_: stop("names"))
    code, _, errors = command("evaluate", "bert_base_en_uncased", "data")
    assert code == 1 and errors == "keras-mirror: error: backend\n"


def test_models_and_paths(tmp_path):
    for name in (
        "a.keras",
        "mirror_mini_lm_en",
        "hf://a/b",
        "bert_base_en_uncased",
    ):
        assert is_model(name)
    for name in ("data", "data/mine.tsv", "no_such_name", "sts-dev.csv"):
        assert not is_model(name)
    assert is_model("preset")
    # A folder of this name is data unless it holds a model.
    (tmp_path / "mirror_mini_lm_en").mkdir()
    assert not is_model(str(tmp_path / "mirror_mini_lm_en"))


def test_the_pooling_of_a_centered_archive_stays(command, tmp_path):
    path = tmp_path / "centered.keras"
    make_model(pooling_mode="mean").centered(["a man", "a cat"]).save(path)
    scored = tmp_path / "scored.tsv"
    scored.write_text("a man\ta cat\t1\na man\ta man\t5\na\tb\t3\n")
    code, _, errors = command("evaluate", path, scored, "--pooling", "max")
    assert code == 1
    assert "--pooling cannot replace that of a centered, whitened" in errors
