import csv

import pytest
from support import texts as corpora

from keras_mirror.static import load_static


def run(command, archive, output, *options, format="static"):
    return command(
        "export", archive, "--format", format, "--output", output, *options
    )


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = [(text, n) for n, text in enumerate(corpora.texts(40))]
        csv.writer(file).writerows([("note", "number"), *rows])
    return path


def test_what_is_lost_is_told(command, archive, corpus, tmp_path):
    more = tmp_path / "more.csv"
    more.write_text("note\n" + "\n".join(f"a man {n}" for n in range(90)))
    output = tmp_path / "static"
    options = ["--corpus", corpus, "--corpus", more, "--column", "note"]
    code, stdout, stderr = run(
        command, archive, output, *options, "--dimensions", 4
    )
    assert (code, stdout) == (0, ""), stderr
    assert "4 numbers each\n" in stderr
    assert " of the ten nearest texts; cosines correlate by " in stderr
    assert " (1" in stderr and " texts held out)" in stderr
    vectors = load_static(output).encode_text(["a man plays", "a cat"])
    assert vectors.shape == (2, 4)
    assert run(command, archive, output)[0] == 2  # exists
    code, _, stderr = run(command, archive, output, "--overwrite")
    assert code == 0 and "nothing was fitted" in stderr


def test_int8_and_no_normalize(command, archive, tmp_path):
    assert run(command, archive, tmp_path / "a", "--int8")[0] == 0
    assert load_static(tmp_path / "a").embeddings.dtype == "int8"
    assert run(command, archive, tmp_path / "b", "--no-normalize")[0] == 0
    assert not load_static(tmp_path / "b").normalize


def test_few_texts_are_not_measured(command, archive, tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("a man\na cat\n")
    code, _, stderr = run(command, archive, tmp_path / "a", "--corpus", corpus)
    assert code == 0, stderr
    assert "not measured: only 0 texts are left" in stderr


@pytest.mark.parametrize(
    "format, options, expected",
    [
        ("static", ["--corpus", "none.txt"], "'none.txt' does not exist"),
        ("static", ["--corpus", "{corpus}"], "has columns. Name the"),
        ("static", ["--int8", "--no-normalize"], "they must be normalized"),
        ("keras", ["--corpus", "{corpus}"], "--corpus is for --format static"),
        ("keras", ["--dimensions", 8], "--dimensions is for --format static"),
    ],
)
def test_wrong_use_of_static(
    format, options, expected, command, archive, corpus, tmp_path
):
    options = [str(option).format(corpus=corpus) for option in options]
    output = tmp_path / "made.keras"
    code, _, stderr = run(command, archive, output, *options, format=format)
    assert code == 2 and stderr.count("\n") == 1, stderr
    assert expected in stderr
    assert not output.exists()
