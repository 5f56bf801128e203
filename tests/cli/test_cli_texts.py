"""The options about texts that several commands share."""

import gzip
import json
import re

import keras
import numpy as np
import pytest
from support.texts import texts

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
    assert "has columns. Name that of the texts" in errors
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
    if name == "encode":
        expected = model.encode_text([*TEXTS, *TEXTS[:30], ""])
        np.testing.assert_allclose(np.load(output), expected, atol=1e-6)
    else:
        assert re.search(r"^lines +91$", errors, re.M)
