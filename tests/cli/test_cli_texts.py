"""The options about texts that several commands share."""

import gzip
import io
import json
import os
import pathlib
import re
import sys
import threading

import keras
import numpy as np
import pytest
from support.texts import texts

from keras_mirror.cli.files import counted_texts

TEXTS = texts(60)


@pytest.fixture
def corpus(tmp_path):
    rows = [json.dumps({"title": text}) for text in [*TEXTS, *TEXTS[:30], ""]]
    path = tmp_path / "corpus.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(rows).encode()))
    return path


@pytest.fixture
def train(command, corpus, preset, tmp_path):
    archive = tmp_path / "encoder.keras"

    def train(*options):
        code, _, errors = command(
            *["train", corpus, "--preset", preset, "--output", archive],
            *["--column", "title", "--batch-size", 10, *options],
        )
        return code, re.sub(" +", " ", errors), archive

    return train


@pytest.mark.processes
def test_train_on_a_sample_of_a_column(train):
    code, told, archive = train("--sample", 20, "--seed", 1)
    assert code == 0, told
    assert "strings read 91\nempty 1 dropped" in told
    assert "steps 2 of 2" in told
    left_out = int(re.search(r"not drawn (\d+)\n", told)[1])
    duplicates = int(re.search(r"duplicates (\d+) dropped", told)[1])
    assert left_out + duplicates == 70 and 0 < duplicates < 20
    (run,) = keras.saving.load_model(archive).record.runs
    assert run.corpus["num_strings"] == 20
    assert run.corpus["num_unsampled"] == left_out
    # The sample of a seed is the same.
    for seed, is_same in ((1, True), (2, False)):
        train("--sample", 20, "--seed", seed, "--overwrite")
        (other,) = keras.saving.load_model(archive).record.runs
        assert (other.corpus["sha256"] == run.corpus["sha256"]) == is_same


def test_train_on_everything_tells_nothing_of_a_sample(train):
    code, told, _ = train()
    assert code == 0, told
    assert "duplicates 30 dropped" in told and "not drawn" not in told


def test_limit_or_sample(train):
    code, told, _ = train("--sample", 20, "--limit", 20)
    assert code == 2 and "give one of --limit and --sample" in told


def test_a_missing_column(command, corpus, tmp_path):
    output = ["--output", tmp_path / "encoder.keras"]
    code, _, errors = command("train", corpus, *output)
    assert (code, errors.count("\n")) == (2, 1)
    assert "has columns. Name the column of the texts" in errors
    assert "probably 'title'. Received: none of 'title'" in errors
    code, _, errors = command("train", corpus, *output, "--column", "body")
    assert (code, errors.count("\n")) == (1, 1)
    assert "has no column 'body' in row 1. Expected one of 'title'" in errors


@pytest.mark.parametrize("name", ["encode", "index", "duplicates", "cluster"])
def test_commands_that_read_a_column(
    command, model, archive, corpus, tmp_path, name
):
    output = tmp_path / "vectors.npy"
    options = {"cluster": ["--clusters", 2]}.get(name, [])
    code, _, errors = command(
        *[name, archive, corpus, "--column", "title"],
        *["--output", output, *options],
    )
    assert code == 0, errors
    if name in ("encode", "duplicates"):
        assert f"{archive} {corpus} --column title" in errors
    if name == "encode":
        expected = model.encode_text([*TEXTS, *TEXTS[:30], ""])
        np.testing.assert_allclose(np.load(output), expected, atol=1e-6)
    else:
        assert re.search(r"^lines +91$", errors, re.M)


@pytest.mark.parametrize(
    "name, options, following",
    [
        ("encode", ["--output", "vectors.npy"], "index"),
        ("duplicates", [], "cluster"),
        ("cluster", ["--clusters", 2], "index"),
    ],
)
def test_the_next_command_reads_the_same_texts(
    command, archive, tmp_path, monkeypatch, name, options, following
):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("a.csv").write_text("id,body\n7,caf\u00e9\n8,tea\n", "cp1252")
    reading = ["--column", "body", "--encoding", "cp1252"]
    code, _, errors = command(name, archive, "a.csv", *reading, *options)
    assert code == 0, errors
    words = f"{following} {archive} a.csv {' '.join(reading)}"
    assert f"next: keras-mirror {words}" in errors


def test_a_seed_out_of_range(command, archive, corpus):
    code, _, errors = command(
        *["cluster", archive, corpus, "--clusters", 2, "--seed", -1]
    )
    assert code == 2 and "'--seed': -1 is not in the range 0<=x<=" in errors


# === Pipes and encodings ===


@pytest.fixture
def as_pipe(tmp_path, monkeypatch):
    """Gives bytes as a named pipe, or as the standard input."""
    writers = []

    def as_pipe(content, name):
        if name == "-":
            file = io.TextIOWrapper(io.BytesIO(content))
            monkeypatch.setattr(sys, "stdin", file)
            return name
        path = tmp_path / name
        os.mkfifo(path)
        writer = threading.Thread(target=path.write_bytes, args=[content])
        writer.start()
        writers.append(writer)
        return path

    yield as_pipe
    for writer in writers:
        writer.join()


@pytest.mark.parametrize("name", ["-", "fifo"])
@pytest.mark.parametrize("subject", ["encode", "index", "similarity"])
def test_pipes(command, archive, as_pipe, tmp_path, name, subject):
    lines = TEXTS[:3]
    if subject == "similarity":
        lines = [f"{text}\t{text}" for text in lines]
    path = as_pipe("\n".join(lines).encode(), name)
    output = tmp_path / "vectors.npy"
    code, _, errors = command(subject, archive, path, "--output", output)
    assert code == 0, errors
    if subject == "encode":
        assert np.load(output).shape[0] == 3
    elif subject == "index":
        assert re.search("^lines +3$", errors, re.M)
    else:
        assert len(output.read_bytes().splitlines()) == 3


def test_two_kinds_of_pipes(as_pipe):
    """What is taken twice from a pipe is read once."""
    for name in ("-", "fifo"):
        num_texts, read = counted_texts(as_pipe(b"a\nb\n", name))
        assert (num_texts, list(read)) == (2, ["a", "b"])


def test_pipes_that_would_be_read_again(command, archive, tmp_path, as_pipe):
    code, _, errors = command(
        *["encode", archive, "-", "--output", tmp_path / "folder"]
    )
    assert (code, errors.count("\n")) == (2, 1)
    assert "needs files that can be read again" in errors
    path = tmp_path / "fifo.csv"
    os.mkfifo(path)
    code, _, errors = command(
        *["compare", archive, path, "--column", "a", "--check-labels", "b"]
    )
    assert (code, errors.count("\n")) == (2, 1)
    assert "need a file that can be read again" in errors


@pytest.mark.parametrize("name", ["texts.csv", "texts.txt"])
def test_utf_16_of_excel(command, archive, tmp_path, name):
    path, output = tmp_path / name, tmp_path / "vectors.npy"
    lines = ["text", "caf\u00e9", "two"]
    path.write_text("\r\n".join(lines), "utf-16", newline="")
    column = ["--column", "text"] if name == "texts.csv" else []
    arguments = ["encode", archive, path, "--output", output, *column]
    code, _, errors = command(*arguments, "--errors", "replace")
    assert code == 1 and "begins like UTF-16" in errors and not output.exists()
    code, _, errors = command(*arguments, "--encoding", "utf-16")
    assert code == 0, errors
    assert len(np.load(output)) == (2 if column else 3)
    code, _, errors = command(*arguments, "--encoding", "ansi")
    assert code == 2 and "Received: 'ansi'" in errors


@pytest.mark.parametrize("name", ["similarity", "compare"])
def test_the_encoding_of_pairs(command, archive, tmp_path, name):
    """Of `similarity` and of `--check-pairs`, and of the texts beside them."""
    path, pairs = tmp_path / "texts.txt", tmp_path / "pairs.tsv"
    lines = [f"{text} caf\u00e9" for text in TEXTS]
    path.write_text("\n".join(lines), "utf-16")
    rows = [f"{line}\t{line} au lait" for line in lines[:30]]
    pairs.write_text("\n".join(rows), "utf-16")
    arguments = {
        "similarity": ["similarity", archive, pairs],
        "compare": ["compare", archive, path, "--check-pairs", pairs],
    }[name]
    code, _, errors = command(*arguments)
    assert code > 0 and "begins like UTF-16" in errors
    code, screen, errors = command(*arguments, "--encoding", "utf-16")
    assert code == 0, errors
    if name == "similarity":
        found = [line.partition("\t")[2] for line in screen.splitlines()]
        assert found == rows
    code, _, errors = command(*arguments, "--encoding", "cp1252")
    assert code > 0


def test_the_encoding_of_a_folder(command, archive, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_bytes("caf\u00e9\n".encode("cp1252"))
    arguments = ["encode", archive, path, "--output", tmp_path / "folder"]
    code, _, errors = command(*arguments, "--encoding", "cp1252")
    assert code == 0, errors
    code, _, errors = command(*arguments, "--encoding", "latin-1")
    assert code == 2 and "encoding 'cp1252', now 'latin-1'" in errors
