import io
import json
import os
import re
import shutil
import sys

import keras
import numpy as np
import pytest
from support.models import moved
from support.texts import SENTENCES
from support.texts import texts

from keras_mirror.search import Index
from keras_mirror.search import cluster
from keras_mirror.search import find_duplicates
from keras_mirror.search import group_duplicates
from keras_mirror.search import name_clusters
from keras_mirror.search import outliers
from keras_mirror.search import propose_threshold
from keras_mirror.search.encoded_texts import EncodedTexts

LINES = [*SENTENCES, "", *texts(20), SENTENCES[0], "  ", "with\ta tab"]


@pytest.fixture
def archive(model, tmp_path):
    path = tmp_path / "models" / "encoder.keras"
    path.parent.mkdir()
    model.save(path)
    return path


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def index(command, archive, corpus, tmp_path):
    path = tmp_path / "texts.index"
    code, screen, errors = command("index", archive, corpus, "--output", path)
    assert (code, screen) == (0, ""), errors
    told = re.sub(" +", " ", errors)
    assert "lines 34" in told and "empty 2, not searched" in told
    assert f"index {path}, 0.1 MB" in told
    return path


# === index, search ===


@pytest.mark.parametrize("mode", ["hybrid", "vector"])
def test_search_finds_the_lines(command, model, index, mode):
    arguments = ["search", index, "a man", "a dog", "--k", 3]
    arguments += [] if mode == "vector" else ["--mode", mode]
    code, screen, errors = command(*arguments)
    assert code == 0, errors
    expected = Index(model)
    expected.add(LINES)
    lines = []
    for query in ("a man", "a dog"):
        lines += ["", query]
        for found in expected.query(query, 3, mode=mode)[0]:
            shown = found.text.replace("\t", " ")
            lines.append(f"  {found.similarity:.2f}  {found.id}: {shown}")
    assert screen.splitlines() == lines


def test_a_line_is_found_by_itself(command, index):
    _, screen, _ = command("search", index, SENTENCES[0], "--k", 2)
    assert screen.splitlines()[2:] == [
        f"  1.00  1: {SENTENCES[0]}",
        f"  1.00  32: {SENTENCES[0]}",
    ]


def test_five_results_by_default(command, index):
    _, screen, _ = command("search", index, "a man")
    assert len(screen.splitlines()) == 2 + 5


def test_json(command, model, index):
    query = SENTENCES[2]  # not ASCII
    code, screen, errors = command(
        "search", index, query, " ", "--k", 2, "--json"
    )
    assert code == 0, errors
    expected = Index(model)
    expected.add(LINES)
    [results] = expected.query(query, 2)
    found = json.loads(screen)
    assert query in screen
    assert found == [
        {
            "query": query,
            "results": [
                {
                    "text": each.text,
                    "similarity": pytest.approx(each.similarity, abs=2e-6),
                    "score": pytest.approx(each.score, abs=2e-6),
                    "line": each.row + 1,
                    "id": each.id,
                    "metadata": {},
                }
                for each in results
            ],
        },
        {"query": " ", "results": []},
    ]


def test_interactive(command, index, monkeypatch):
    queries = f"{SENTENCES[1]}\n{SENTENCES[3]}\n\nnot asked\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(queries))
    code, screen, errors = command(
        "search", index, "a cat", "--k", 1, "--interactive"
    )
    assert code == 0, errors
    lines = screen.splitlines()
    assert lines[1] == "a cat"
    assert lines[4:] == [
        f"{SENTENCES[1]}",
        f"  1.00  2: {SENTENCES[1]}",
        "",
        f"{SENTENCES[3]}",
        f"  1.00  4: {SENTENCES[3]}",
    ]
    assert "What are you looking for? An empty line ends." in errors
    assert "not asked" not in screen


def test_search_after_a_move_of_both(command, index, archive, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for path in (archive.parent, index):
        shutil.move(path, elsewhere / path.name)
    code, screen, errors = command("search", elsewhere / index.name, "a man")
    assert code == 0, errors
    assert "a man" in screen


def test_search_after_a_move_of_one(command, index, archive, tmp_path):
    shutil.move(archive.parent, tmp_path / "moved")
    code, _, errors = command("search", index, "a man")
    assert code == 2
    assert errors.splitlines()[-1] == (
        f"keras-mirror: error: '{index}' was made with '{archive}', which is "
        "not there any more: name it with --model"
    )
    moved = tmp_path / "moved" / "encoder.keras"
    code, _, errors = command("search", index, "a man", "--archive", moved)
    assert code == 0, errors


def test_an_index_from_python_does_not_say(command, model, archive, tmp_path):
    index = Index(model)
    index.add(SENTENCES)
    index.save(tmp_path / "python.index")
    path = tmp_path / "python.index"
    code, _, errors = command("search", path, "a man")
    assert code == 2 and errors.splitlines()[-1] == (
        f"keras-mirror: error: '{path}' does not say where its encoder is: "
        "name it with --model"
    )
    code, screen, errors = command(
        "search", path, SENTENCES[4], "--archive", archive
    )
    assert code == 0 and f"1.00  5: {SENTENCES[4]}" in screen, errors


def test_search_refuses_another_encoder(command, index, archive, model):
    moved(model).save(archive)
    code, screen, errors = command("search", index, "a man")
    assert (code, screen) == (1, "")
    assert re.fullmatch(
        f"keras-mirror: error: '{index}' must be opened with the encoder that "
        "it was built with, of fingerprint [0-9a-f]{16}. Received: a model of "
        "fingerprint [0-9a-f]{16}. Load that encoder, or build the index again",
        errors.splitlines()[-1],
    )


def test_search_refuses_a_damaged_index(command, index):
    (index / "documents.sqlite").write_bytes(b"nothing")
    code, screen, errors = command("search", index, "a man")
    assert (code, screen) == (1, "")
    assert errors.splitlines()[-1].startswith(
        f"keras-mirror: error: '{index}' is not a readable index of "
        "keras-mirror: "
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "give a QUERY or --interactive"),
        (["a", "--k", "0"], "0 is not in the range x>=1"),
        (
            ["a", "--json", "--interactive"],
            "--json and --interactive exclude each other",
        ),
        (["a", "--archive", "no.keras"], "'no.keras' does not exist"),
    ],
)
def test_wrong_use_of_search(command, index, arguments, message):
    code, screen, errors = command("search", index, *arguments)
    assert (code, screen) == (2, "")
    assert message in errors.splitlines()[-1]


def test_index_does_not_overwrite(command, archive, corpus, index):
    before = (index / "vectors.npy").read_bytes()
    arguments = ["index", archive, corpus, "--output", index]
    code, _, errors = command(*arguments)
    assert code == 2 and errors.splitlines()[-1] == (
        f"keras-mirror: error: '{index}' exists. --append adds to it, --update "
        "also replaces texts, and --overwrite makes it anew"
    )
    assert (index / "vectors.npy").read_bytes() == before
    corpus.write_text("one line\n")
    code, _, errors = command(*arguments, "--overwrite")
    assert code == 0, errors
    assert (index / "vectors.npy").read_bytes() != before


def test_index_stopped_half_way_leaves_nothing(
    command, archive, corpus, tmp_path, monkeypatch
):
    def interrupt(self, *arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(Index, "add", interrupt)
    code, _, errors = command(
        "index", archive, corpus, "--output", tmp_path / "texts.index"
    )
    assert code == 130 and "interrupted; nothing was saved" in errors
    assert not (tmp_path / "texts.index").exists()


def test_bytes_that_are_not_utf8(command, archive, tmp_path):
    corpus = tmp_path / "texts.txt"
    corpus.write_bytes(b"a man\ncaf\xe9\n")
    arguments = ["index", archive, corpus, "--output", tmp_path / "i"]
    code, _, errors = command(*arguments)
    assert code == 1 and "line 2 is not UTF-8" in errors
    code, _, errors = command(*arguments, "--errors", "replace")
    assert code == 0, errors


@pytest.mark.parametrize("option", ["--approximate", "--exact"])
def test_index_of_either_kind(
    command, model, archive, corpus, option, tmp_path
):
    path = tmp_path / "texts.index"
    code, _, errors = command(
        "index", archive, corpus, "--output", path, option
    )
    assert code == 0, errors
    assert Index.load(path, model).exact is (option == "--exact")
    code, screen, errors = command("search", path, SENTENCES[3], "--k", 1)
    assert code == 0 and f"  1.00  4: {SENTENCES[3]}" in screen, errors


@pytest.mark.parametrize(
    "arguments, module",
    [
        (["cluster"], "sknetwork.clustering"),
        (["cluster", "--clusters", 2], "sklearn.cluster"),
        (["cluster", "--threshold", 0.5], "scipy.cluster.hierarchy"),
    ],
)
def test_missing_extra_is_named(
    command, archive, corpus, arguments, module, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, module, None)
    name, *options = arguments
    code, _, errors = command(name, archive, corpus, *options)
    assert code == 1
    assert re.fullmatch(
        f"keras-mirror: error: `{re.escape(module)}` is needed for this and "
        "cannot be imported: .* Install it with `pip install "
        r'"keras-mirror\[search\]"`',
        errors.splitlines()[-1],
    )
    assert not os.path.exists("i")


# === duplicates ===


@pytest.mark.parametrize("to_file", [True, False])
def test_duplicates(command, model, archive, corpus, tmp_path, to_file):
    output = tmp_path / "pairs.tsv"
    # In the order of these vectors: many cosines are close.
    options = ["--backend", keras.backend.backend()]
    options += ["--output", output] if to_file else []
    code, screen, errors = command(
        "duplicates", archive, corpus, "--threshold", 0.95, *options
    )
    assert code == 0, errors
    written = output.read_text(encoding="utf-8") if to_file else screen
    assert to_file == (screen == "") and to_file == (f"{output}" in errors)
    pairs = find_duplicates(model, LINES, 0.95)
    assert 1 < len(pairs) < 496
    rows = [line.split("\t") for line in written.splitlines()]
    texts = [line.replace("\t", " ") for line in LINES]
    assert rows == [
        [f"{cosine:.4f}", f"{one + 1}", f"{two + 1}", texts[one], texts[two]]
        for cosine, one, two in pairs
    ]
    assert rows[0][:3] == ["1.0000", "1", "32"]
    told = re.sub(" +", " ", errors)
    assert "lines 34" in told and f"pairs {len(pairs)}" in told


def test_duplicates_by_default(command, model, archive, corpus):
    _, screen, errors = command("duplicates", archive, corpus)
    assert len(screen.splitlines()) == len(find_duplicates(model, LINES, 0.9))
    assert re.search("^threshold +0.9, proposed$", errors, re.M)
    _, _, errors = command("duplicates", archive, corpus, "--threshold", 0.9)
    assert re.search("^threshold +0.9$", errors, re.M)


def test_duplicates_proposes_a_threshold(
    command, model, archive, corpus, tmp_path
):
    strings = texts(500)
    corpus.write_text("\n".join(strings))
    output = tmp_path / "pairs.tsv"
    arguments = ["duplicates", archive, corpus, "--output", output]
    code, _, errors = command(*arguments)
    assert code == 0, errors
    embeddings = EncodedTexts.of(model, strings).embeddings
    threshold = propose_threshold(embeddings)
    assert threshold != 0.9
    assert re.search(f"^threshold +{threshold}, proposed$", errors, re.M)
    # The command's vectors are rounded otherwise, which moves a pair or two
    # across the threshold.
    pairs = find_duplicates(model, strings, threshold)
    assert abs(len(output.read_text().splitlines()) - len(pairs)) <= 3


@pytest.mark.parametrize("to_file", [True, False])
def test_groups_of_duplicates(
    command, model, archive, corpus, tmp_path, to_file
):
    output = tmp_path / "groups.tsv"
    options = ["--output", output] if to_file else []
    code, screen, errors = command(
        *["duplicates", archive, corpus, "--groups"],
        *["--threshold", 0.99, *options],
    )
    assert code == 0, errors
    assert to_file == (screen == "")
    written = output.read_text(encoding="utf-8") if to_file else screen
    groups = group_duplicates(model, LINES, 0.99)
    assert len(groups) > 1
    expected = []
    for number, group in enumerate(groups, start=1):
        for row, cosine in zip(*group, strict=True):
            mark = "*" if row == group.rows[0] else ""
            text = LINES[row].replace("\t", " ")
            expected.append(
                [f"{number}", mark, f"{cosine:.4f}", f"{row + 1}", text]
            )
    assert [line.split("\t") for line in written.splitlines()] == expected
    told = re.sub(" +", " ", errors)
    number = len(expected) - len(groups)
    assert f"groups {len(groups)}\nduplicates {number}" in told
    assert "pairs" not in told


def test_lines_far_from_the_text_that_stands_for_them_are_told(
    command, model, archive, corpus
):
    for threshold in np.arange(0.995, 0.5, -0.005).round(3).tolist():
        groups = group_duplicates(model, LINES, threshold)
        far = sum((each.similarities < threshold).sum() for each in groups)
        number = sum(len(each.rows) - 1 for each in groups)
        if 0 < far < number:  # where that is depends on the model's weights
            break
    assert 0 < far < number
    _, _, errors = command(
        "duplicates", archive, corpus, "--groups", "--threshold", threshold
    )
    told = re.sub(" +", " ", errors)
    assert f"duplicates {number}; {far} of them are joined through" in told


@pytest.mark.parametrize("options", [[], ["--groups"], ["--output", "pairs"]])
def test_a_corpus_without_duplicates(
    command, model, archive, corpus, tmp_path, monkeypatch, options
):
    monkeypatch.chdir(tmp_path)
    dropped = {
        row
        for each in group_duplicates(model, LINES, 0.99)
        for row in each.rows[1:]
    }
    kept = [
        line
        for row, line in enumerate(LINES)
        if line.strip() and row not in dropped
    ]
    assert dropped  # which depends on the model's weights
    corpus.write_text("\n".join([*LINES, *[kept[-1]] * 500]))
    code, screen, errors = command(
        *["duplicates", archive, corpus, "--threshold", 0.99],
        *["--keep", "kept.txt", *options],
    )
    assert code == 0, errors
    assert (tmp_path / "kept.txt").read_text().splitlines() == kept
    assert (screen == "") == (options != ["--groups"])
    assert (tmp_path / "pairs").exists() == ("--output" in options)
    told = re.sub(" +", " ", errors)
    assert "kept kept.txt" in told
    assert ("pairs" in told) == ("--output" in options)
    named = f"index {archive} kept.txt --output texts.index"
    assert errors.splitlines()[-1] == f"next: keras-mirror {named}"


def test_an_index_without_duplicates_can_be_indexed_again(
    command, archive, tmp_path
):
    table, index = tmp_path / "texts.tsv", tmp_path / "texts.index"
    rows = ["a\ta man", 'b\tit "rains"', "c\ta man", "d\t "]
    table.write_text("\n".join(["id\ttext", *rows]))
    reading = ["--column", "text", "--id-column", "id"]
    code, _, errors = command(
        "index", archive, table, *reading, "--output", index
    )
    assert code == 0, errors
    kept = tmp_path / "kept.tsv"
    arguments = ["duplicates", index, "--threshold", 0.9999, "--keep", kept]
    code, screen, errors = command(*arguments)
    assert (code, screen) == (0, ""), errors
    assert kept.read_text().splitlines() == ["id\ttext", *rows[:2]]
    again = tmp_path / "again.index"
    code, _, errors = command(
        "index", archive, kept, *reading, "--output", again
    )
    assert code == 0, errors


def test_a_text_with_line_breaks_is_kept_as_one_line(
    command, archive, tmp_path
):
    table, kept = tmp_path / "texts.csv", tmp_path / "kept.txt"
    table.write_text('text\n"two\nlines"\n"one\tline"\n')
    code, _, errors = command(
        *["duplicates", archive, table, "--column", "text"],
        *["--threshold", 1, "--keep", kept],
    )
    assert code == 0, errors
    assert kept.read_text() == "two lines\none\tline\n"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ["{archive}", "{corpus}", "--groups", "--limit", "5"],
            "--limit is for pairs, not for --groups",
        ),
        (
            ["{archive}", "{corpus}", "--output", "o", "--keep", "./o"],
            "--output and --keep must be two files. Received: './o' twice",
        ),
        (
            ["{archive}", "{corpus}", "--keep", "kept.csv"],
            "--keep writes one text per line, into a file such as kept.txt. "
            "Received: kept.csv",
        ),
        (
            ["{index}", "--keep", "kept.txt"],
            "--keep must end in .tsv. Received: kept.txt",
        ),
        (
            ["{archive}", "{corpus}", "--keep", "mine.txt"],
            "'mine.txt' exists. Choose another --keep, or add --overwrite",
        ),
        (
            ["{archive}", "{corpus}", "--keep", "new", "--output", "mine.txt"],
            "'mine.txt' exists. Choose another --output, or add --overwrite",
        ),
    ],
)
def test_wrong_use_of_groups(
    command, archive, corpus, index, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("mine")
    before = sorted(os.listdir(tmp_path))
    files = {"archive": archive, "corpus": corpus, "index": index}
    arguments = [each.format(**files) for each in arguments]
    code, screen, errors = command("duplicates", *arguments)
    assert (code, screen, errors.count("\n")) == (2, "", 1)
    assert message in errors
    assert sorted(os.listdir(tmp_path)) == before
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_duplicates_tells_of_a_limit(command, archive, corpus):
    code, screen, errors = command(
        *["duplicates", archive, corpus],
        *["--threshold", -1, "--limit", 3],
    )
    assert code == 0 and len(screen.splitlines()) == 3
    assert (
        "keras-mirror: 496 pairs have a cosine of at least -1.0; the best 3 of "
        "them are kept"
    ) in errors.splitlines()


def test_duplicates_does_not_overwrite(command, archive, corpus, tmp_path):
    output = tmp_path / "pairs.tsv"
    output.write_text("mine")
    arguments = ["duplicates", archive, corpus, "--output", output]
    assert command(*arguments)[0] == 2
    assert output.read_text() == "mine"
    assert command(*arguments, "--overwrite")[0] == 0
    assert output.read_text() != "mine"


def test_duplicates_of_an_empty_file(command, archive, tmp_path):
    (tmp_path / "empty.txt").write_text("")
    code, screen, errors = command(
        "duplicates", archive, tmp_path / "empty.txt"
    )
    assert (code, screen) == (0, ""), errors


# === cluster ===


@pytest.mark.parametrize(
    "options, arguments",
    [
        ([], {}),
        (["--seed", 3], {"seed": 3}),
        (["--clusters", 4], {"num_clusters": 4}),
        (["--threshold", 0.8], {"threshold": 0.8}),
    ],
)
def test_cluster(command, model, archive, corpus, tmp_path, options, arguments):
    output = tmp_path / "clusters.tsv"
    code, screen, errors = command(
        *["cluster", archive, corpus, *options, "--output", output],
        # In the order of these vectors: many cosines are close.
        *["--backend", keras.backend.backend()],
    )
    assert code == 0, errors
    clusters = cluster(model, LINES, **arguments)
    names = name_clusters(LINES, clusters)
    expected = {
        row: [f"{row + 1}", "0", "", "", LINES[row].replace("\t", " ")]
        for row in outliers(clusters, LINES)
    }
    for number, each in enumerate(clusters, start=1):
        name = ", ".join(names[number - 1].words)
        for row, cosine in zip(*each, strict=True):
            cells = f"{row + 1}", f"{number}", name, f"{cosine:.4f}"
            expected[row] = [*cells, LINES[row].replace("\t", " ")]
    rows = [
        line.split("\t")
        for line in output.read_text(encoding="utf-8").splitlines()
    ]
    # A cosine may lie between two roundings.
    cosines, expected_cosines = (
        [float(row.pop(3) or 0) for row in table]
        for table in (rows, [expected[row] for row in sorted(expected)])
    )
    np.testing.assert_allclose(cosines, expected_cosines, atol=1.1e-4)
    assert rows == [expected[row] for row in sorted(expected)]
    assert len(rows) == 32
    blocks = screen.split("\n\n")
    assert len(blocks) == min(len(clusters), 10)
    for number, block in enumerate(blocks, start=1):
        title, *examples = block.strip().splitlines()
        each = clusters[number - 1]
        name = ", ".join(names[number - 1].words)
        assert title == f"cluster {number}: {name} ({len(each.rows)} lines)"
        lines = (LINES[row].replace("\t", " ") for row in each.rows)
        different = dict.fromkeys(lines)
        shown = list(different)[:3]
        assert [line.split(": ", 1)[1] for line in examples] == shown
        assert examples[0].strip() == (
            f"{each.similarities[0]:.2f}  {each.rows[0] + 1}: {shown[0]}"
        )
    told = re.sub(" +", " ", errors)
    assert f"clusters {len(clusters)}" in told and f"{output}" in told
    num_outliers = len(outliers(clusters, LINES))
    finds = "threshold" not in arguments and "num_clusters" not in arguments
    assert (f"outliers {num_outliers}" in told.splitlines()) == finds


def test_outliers_are_in_cluster_0(command, archive, tmp_path, monkeypatch):
    lines = ["a man", "a dog", "a man", "!", "a man"]
    (tmp_path / "texts.txt").write_text("\n".join(lines))
    output = tmp_path / "clusters.tsv"
    monkeypatch.setattr(
        sys.modules[cluster.__module__],
        "communities",
        lambda embeddings, counts, seed: np.array([0, -1, 1]),
    )
    code, screen, errors = command(
        "cluster", archive, tmp_path / "texts.txt", "--output", output
    )
    assert code == 0, errors
    assert output.read_text().splitlines() == [
        "1\t1\tman\t1.0000\ta man",
        "2\t0\t\t\ta dog",
        "3\t1\tman\t1.0000\ta man",
        "4\t2\t\t1.0000\t!",
        "5\t1\tman\t1.0000\ta man",
    ]
    titles = [line for line in screen.splitlines() if "lines)" in line]
    assert titles == ["cluster 1: man (3 lines)", "cluster 2 (1 lines)"]
    assert "outliers  1" in errors.splitlines()


def test_cluster_without_a_file(command, archive, corpus, tmp_path):
    before = sorted(os.listdir(tmp_path))
    code, screen, errors = command("cluster", archive, corpus, "--clusters", 2)
    assert code == 0 and "cluster 2: " in screen
    assert sorted(os.listdir(tmp_path)) == before and "written" not in errors


@pytest.mark.parametrize(
    "options, message",
    [
        (
            ["--clusters", 2, "--threshold", 0.5],
            "give at most one of --clusters and --threshold",
        ),
        (["--clusters", 0], "0 is not in the range x>=1"),
        (["--threshold", 2], "2.0 is not in the range -1<=x<=1"),
        (["--clusters", 32], "from 1 to 31, the number of different texts"),
    ],
)
def test_wrong_use_of_cluster(command, archive, corpus, options, message):
    code, screen, errors = command("cluster", archive, corpus, *options)
    assert (code, screen) == (2, "")
    assert message in errors.splitlines()[-1]


@pytest.mark.parametrize("name", ["duplicates", "cluster"])
def test_thresholds_are_cosines(command, archive, corpus, name):
    code, _, errors = command(name, archive, corpus, "--threshold", 1.5)
    assert code == 2 and "1.5 is not in the range -1<=x<=1" in errors


def test_same_vectors_as_encode(command, archive, corpus, index, tmp_path):
    command("encode", archive, corpus, "--output", tmp_path / "vectors.npy")
    vectors = np.load(tmp_path / "vectors.npy")
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    query = LINES[12]
    code, screen, _ = command("search", index, query, "--k", 32, "--json")
    [answer] = json.loads(screen)
    assert len(answer["results"]) == 32
    for result in answer["results"]:
        cosine = unit[result["line"] - 1] @ unit[12]
        assert result["similarity"] == pytest.approx(cosine, abs=1e-5)
        assert result["text"] == LINES[result["line"] - 1]


# === Indexes that change ===

ROWS = """id,subject,source,year
a,the printer is broken,mail,2024
b,a cat sleeps,web,2025
c,two dogs run,mail,2026
"""
OF_TABLE = [
    *("--column", "subject", "--id-column", "id"),
    *("--metadata", "source,year"),
]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mails.csv"
    path.write_text(ROWS)
    return path


@pytest.fixture
def mails(command, archive, table, tmp_path):
    path = tmp_path / "mails.index"
    code, _, errors = command(
        "index", archive, table, *OF_TABLE, "--output", path
    )
    assert code == 0, errors
    return path


def found_ids(command, index, *arguments):
    code, screen, errors = command(
        "search", index, "two dogs", "--json", *arguments
    )
    assert code == 0, errors
    return [each["id"] for each in json.loads(screen)[0]["results"]]


def test_where_and_modes(command, mails):
    assert sorted(found_ids(command, mails)) == ["a", "b", "c"]
    where = ["--where", "source = 'mail' AND year > 2024"]
    assert found_ids(command, mails, *where) == ["c"]
    assert found_ids(command, mails, "--mode", "keyword") == ["c"]
    assert len(found_ids(command, mails, "--mode", "hybrid")) == 3
    _, screen, _ = command(
        "search", mails, "dogs", "--json", "--mode", "keyword"
    )
    [result] = json.loads(screen)[0]["results"]
    assert result["metadata"] == {"source": "mail", "year": "2026"}
    assert (result["line"], result["similarity"]) == (3, None)
    for where in ("colour = 1", "year = 'x'", "source = 'mail"):
        code, _, errors = command("search", mails, "dogs", "--where", where)
        assert (code, errors.count("\n")) == (2, 1)


def test_keywords_need_no_encoder(command, mails, archive):
    archive.unlink()
    assert found_ids(command, mails, "--mode", "keyword") == ["c"]


@pytest.mark.parametrize("with_ids", [True, False])
def test_a_file_that_grew_is_appended(
    command, archive, table, tmp_path, with_ids
):
    options = OF_TABLE if with_ids else OF_TABLE[:2]
    path = tmp_path / "mails.index"
    arguments = ["index", archive, table, *options, "--output", path]
    assert command(*arguments)[0] == 0
    table.write_text(ROWS + "d,a cat sleeps,web,2026\ne,new,web,2026\n")
    for there in (3, 5):
        code, _, errors = command(*arguments, "--append")
        told = re.sub(" +", " ", errors)
        assert code == 0 and f"lines 5\nalready there {there}" in told, errors
        assert "in the index 5" in told
        assert len(found_ids(command, path, "--k", 9)) == 5


def test_info_of_an_index(command, mails, archive):
    code, screen, errors = command("info", mails)
    rows = re.sub(" +", " ", screen)
    assert code == 0 and errors.startswith("next: keras-mirror search ")
    assert "texts 3\n" in rows and "metadata source, year\n" in rows
    assert f"encoder {archive}\n" in rows
    assert json.loads(command("info", mails, "--json")[1])["texts"] == 3
    assert command("info", mails, "--card")[0] == 2


def test_search_without_a_result_says_so(command, mails):
    arguments = ["search", mails, "zebra", "--mode", "keyword"]
    code, screen, _ = command(*arguments)
    assert code == 0 and screen.endswith("zebra\n  nothing found\n")


def test_search_of_another_file_names_the_command(command, table):
    code, _, errors = command("search", table, "a man")
    assert code == 1 and "`keras-mirror index` makes one of texts" in errors


def test_metadata_are_not_forgotten(command, archive, table, mails):
    arguments = ["index", archive, table, *OF_TABLE[:2], "--output", mails]
    code, _, errors = command(*arguments, "--append")
    told = "have metadata, and new ones would have none: give --metadata "
    assert code == 2 and told in errors


def test_update_and_remove(command, archive, table, mails, tmp_path):
    table.write_text(ROWS.replace("two dogs run", "a new text"))
    arguments = ["index", archive, table, *OF_TABLE, "--output", mails]
    code, _, errors = command(*arguments, "--append")
    assert code == 1 and "different texts for 'c'. `upsert`" in errors
    code, _, errors = command(*arguments, "--update")
    assert code == 0, errors
    assert found_ids(command, mails, "--mode", "keyword") == []
    code, _, errors = command("remove", mails, "a", "x")
    assert code == 1 and "Received: 'x'" in errors
    code, _, errors = command("remove", mails, "a")
    assert code == 0 and re.search("removed +1\nleft +2\n", errors)
    (tmp_path / "ids.txt").write_text("b\n\n")
    assert command("remove", mails, "--ids-from", tmp_path / "ids.txt")[0] == 0
    assert found_ids(command, mails) == ["c"]
    code, _, errors = command("remove", mails, "--where", "year > 2020")
    assert code == 0 and found_ids(command, mails) == []


def test_several_files_and_globs(command, archive, tmp_path):
    for number in (1, 2):
        (tmp_path / f"part{number}.txt").write_text(f"text {number}\n")
    path = tmp_path / "texts.index"
    pattern = tmp_path / "part*.txt"
    code, _, errors = command("index", archive, pattern, "--output", path)
    assert code == 0 and re.search("lines +2\n", errors)
    pattern = tmp_path / "no*.txt"
    code, _, errors = command(
        "index", archive, pattern, "--output", path, "--overwrite"
    )
    assert code == 2 and f"No file matches '{pattern}'" in errors


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["index", "M", "T", "--append", "--update"], "one of --append and"),
        (["index", "M", "T", "--update"], "--update needs --id-column"),
        (["index", "M", "T", "--append", "--exact"], "exclude --overwrite"),
        (["index", "M", "T", "--append", "--output", "no"], "does not exist"),
        (["index", "M", "T", "--append", "--output", "T"], "is a file, as"),
        (
            ["index", "M", "T", "--overwrite", "--output", "M"],
            "pipe but not an index",
        ),
        (
            ["index", "M", "T", "--overwrite", "--output", "."],
            "folder but not an index",
        ),
        (["remove", "INDEX"], "give IDs or --ids-from, or else --where"),
        (["remove", "INDEX", "a", "--where", "id = 'a'"], "or else --where"),
        (["remove", "no.index", "a"], "'no.index' does not exist"),
        (["remove", "INDEX", "--where", "colour = 1"], "Received: 'colour'"),
    ],
)
def test_wrong_use_of_changes(
    command, archive, table, mails, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    names = {"M": archive, "T": table, "INDEX": mails}
    used = [names.get(each, each) for each in arguments]
    if used[0] == "index":
        used += OF_TABLE[:2]
        used += [] if "--output" in used else ["--output", mails]
    code, _, errors = command(*used)
    assert code == 2 and message in errors.splitlines()[-1]
    assert archive.is_file() and len(found_ids(command, mails)) == 3


# === An index in place of texts ===


@pytest.mark.parametrize(
    "options", [["duplicates"], ["cluster", "--clusters", 3]]
)
def test_an_index_in_place_of_texts(
    command, archive, corpus, index, tmp_path, monkeypatch, options
):
    name, *options = options
    outputs = [tmp_path / "texts.tsv", tmp_path / "index.tsv"]
    code, _, errors = command(
        name, archive, corpus, *options, "--output", outputs[0]
    )
    assert code == 0, errors
    monkeypatch.setitem(sys.modules, "keras_mirror.cli.models", None)
    archive.unlink()  # nothing is encoded
    code, _, errors = command(name, index, *options, "--output", outputs[1])
    assert code == 0, errors
    assert outputs[0].read_text() == outputs[1].read_text()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["{archive}"], "'{archive}' is no index: give MODEL and TEXTS, or an"),
        (["{index}", "{corpus}"], "is an index, which has its texts. Received"),
        (["{index}", "--column", "a"], "--column is for TEXTS, not for an ind"),
        (["{index}", "--batch-size", "8"], "--batch-size is for TEXTS, not f"),
    ],
)
@pytest.mark.parametrize("name", ["duplicates", "cluster"])
def test_wrong_use_of_an_index(
    command, archive, corpus, index, name, arguments, message
):
    files = {"archive": archive, "corpus": corpus, "index": index}
    arguments = [each.format(**files) for each in arguments]
    options = ["--clusters", 2] if name == "cluster" else []
    code, screen, errors = command(name, *arguments, *options)
    assert (code, screen, errors.count("\n")) == (2, "", 1)
    assert message.format(**files) in errors
