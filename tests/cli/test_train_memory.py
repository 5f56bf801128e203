"""`train` where a whole batch does not fit into the memory that is free."""

import re

import keras
import pytest
from support.memory import set_free_memory
from support.texts import texts

from keras_mirror.encoder import fitting_batches


@pytest.fixture
def arguments(preset, tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join(texts(20)), encoding="utf-8")
    return [
        *["train", corpus, "--preset", preset, "--batch-size", 10],
        *["--sequence-length", 16, "--output", tmp_path / "encoder.keras"],
    ]


@pytest.fixture(autouse=True)
def system(monkeypatch):
    """A text takes a megabyte, and 7.5 are free."""
    set_free_memory(monkeypatch, 7_500_000)
    monkeypatch.setattr(
        fitting_batches,
        "training_memory",
        lambda model, num_rows, width, in_slices=False: num_rows * 10**6,
    )


def test_it_takes_mini_batches_and_says_so(command, arguments, tmp_path):
    code, _, errors = command(*arguments)
    assert code == 0, errors
    line = (
        "a batch of 10 x 16 tokens would take 20 MB, 8 MB are free: "
        "5 of its 20 views at a time (mini_batch_size=5)"
    )
    # Before training, and in the summary.
    assert re.sub(" +", " ", errors).count(f"memory {line}\n") == 2
    model = keras.saving.load_model(tmp_path / "encoder.keras")
    assert model.recipe.mini_batch_size is None


def test_where_nothing_fits_it_ends_before_training(
    command, arguments, tmp_path, monkeypatch
):
    set_free_memory(monkeypatch, 10**6)
    code, _, errors = command(*arguments)
    assert code == 1
    assert "Training does not fit into memory: a batch of 10 x 16" in errors
    assert "a smaller `sequence_length`" in errors
    assert not (tmp_path / "encoder.keras").exists()


@pytest.mark.parametrize("options", [[], ["--mini-batch-size", 4]])
def test_nothing_is_said_where_there_is_no_reason(
    command, arguments, monkeypatch, options
):
    if not options:
        set_free_memory(monkeypatch, 10**9)
    code, _, errors = command(*arguments, *options)
    assert code == 0, errors
    assert "memory" not in errors
