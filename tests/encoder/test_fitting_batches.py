"""Batches in the memory that is free, which tests choose."""

import re

import numpy as np
import pytest
from support.memory import set_free_memory
from support.models import make_model
from support.texts import texts

import keras_mirror
from keras_mirror.distribution import replica
from keras_mirror.encoder import fitting_batches
from keras_mirror.encoder.fitting_batches import fitting_batch_size
from keras_mirror.encoder.fitting_batches import fitting_slices
from keras_mirror.encoder.step_memory import encoding_memory
from keras_mirror.encoder.step_memory import training_memory

BATCH_SIZE = 50


@pytest.fixture
def dataset(model):
    return keras_mirror.mirror_dataset(
        texts(100), model.preprocessor, batch_size=BATCH_SIZE
    )


@pytest.fixture
def free(monkeypatch):
    """Sets the bytes that are free, before a tenth is kept back."""

    def set_free(num_bytes):
        usable = round(num_bytes / fitting_batches.USABLE)
        set_free_memory(monkeypatch, usable + 1)

    return set_free


def whole(model, width=24):
    return training_memory(model, 2 * BATCH_SIZE, width)


# === Training ===


def test_nothing_is_sliced_where_it_fits(model, dataset, free):
    free(whole(model))
    assert fitting_slices(model, dataset) is None


@pytest.mark.parametrize("fitting, expected", [(64, 50), (49, 34), (7, 7)])
def test_the_fewest_slices_that_fit_all_alike(
    model, dataset, free, monkeypatch, fitting, expected
):
    # So tiny a model takes a slice's weights for more than its texts.
    def needed(model, num_rows, width, in_slices=False):
        return num_rows * width

    monkeypatch.setattr(fitting_batches, "training_memory", needed)
    free(fitting * 24)
    slices = fitting_slices(model, dataset)
    assert slices.mini_batch_size == expected
    assert slices.needed == 2 * BATCH_SIZE * 24
    assert str(slices).endswith(
        f"{expected} of its {2 * BATCH_SIZE} views at a time "
        f"(mini_batch_size={expected})"
    )


def test_a_corpus_of_short_texts_has_narrow_batches(model, free, monkeypatch):
    short = ["a cat", "a man", "a dog", "the sea"]
    dataset = keras_mirror.mirror_dataset(
        short, model.preprocessor, batch_size=4
    )
    longest = max(map(len, model.preprocessor.tokenize(short)))
    widths = []

    def needed(model, num_rows, width, in_slices=False):
        widths.append(width)
        return 1000 * width

    monkeypatch.setattr(fitting_batches, "training_memory", needed)
    free(23_000)
    assert fitting_slices(model, dataset) is None
    first, last = widths
    assert first == 24 and longest + 2 <= last < 24


def test_no_batch_is_wider_than_was_thought(model, monkeypatch):
    strings = texts(60, seed=2)
    options = dict(batch_size=10, seed=3)
    dataset = keras_mirror.mirror_dataset(
        strings, model.preprocessor, **options
    )
    thought = fitting_batches._widest(model, dataset)
    widths = [
        np.shape(view["token_ids"])[1] for views in dataset for view in views
    ]
    assert max(widths) <= thought <= 24


def test_where_not_even_one_text_fits(model, dataset, free):
    free(1000)
    message = (
        "Training does not fit into memory: a batch of 50 x 24 tokens would "
        r"take \d+ MB, 0 MB are free, and even one text at a time would take "
        r"\d+ MB. What helps: a smaller `sequence_length`, a smaller backbone "
        "as `preset`, or more memory"
    )
    with pytest.raises(MemoryError, match=message):
        fitting_slices(model, dataset)


def test_devices_share_the_rows(model, dataset, free, monkeypatch):
    devices = replica.Devices(number=2, gpu_memory=10**6)
    rows = []

    def needed(model, num_rows, width, in_slices=False):
        rows.append(num_rows)
        return 0

    monkeypatch.setattr(fitting_batches, "training_memory", needed)
    monkeypatch.setattr(
        fitting_batches, "training_devices", lambda model: devices
    )
    assert fitting_slices(model, dataset) is None
    assert rows == [BATCH_SIZE]


def test_other_datasets_do_not_know_their_width(model):
    message = (
        '`mini_batch_size="auto"` needs strings, or a dataset as '
        "`mirror_dataset` returns it: other datasets do not say how large "
        "their batches are. Received: 7"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        fitting_slices(model, 7)


# === fit ===


class Sizes:
    """Notes the mini-batches that a model's passes have."""

    def __init__(self, monkeypatch):
        from keras_mirror import mirror_model

        self.sizes = []
        compute = mirror_model.in_mini_batches

        def record(encoder, features, size):
            self.sizes.append(size)
            return compute(encoder, features, size)

        monkeypatch.setattr(mirror_model, "in_mini_batches", record)


def test_fit_follows_the_memory_an_integer_or_the_recipe(free, monkeypatch):
    sizes = Sizes(monkeypatch).sizes
    model = make_model(batch_size=6, epochs=1)
    model.compile()
    fit = dict(verbose=0, batch_size=6, epochs=1)
    free(10**9)
    model.fit(texts(6), mini_batch_size="auto", **fit)
    function = model.train_function
    model.fit(texts(6), **fit)
    assert not sizes and model.train_function is function
    one = training_memory(model, 1, 24, in_slices=True)
    whole_batch = training_memory(model, 12, 24)
    monkeypatch.setattr(
        fitting_batches,
        "training_memory",
        lambda model, rows, width, in_slices=False: rows * (one + whole_batch),
    )
    free(5 * (one + whole_batch))
    model.fit(texts(6), mini_batch_size="auto", **fit)
    assert set(sizes) == {4}  # three passes of twelve texts
    sizes.clear()
    model.fit(texts(6), mini_batch_size=5, **fit)
    assert set(sizes) == {5}
    assert model.recipe.mini_batch_size is None
    sizes.clear()
    model.fit(texts(6), **fit)
    assert not sizes


def test_auto_leaves_the_recipe_its_own(free, monkeypatch):
    sizes = Sizes(monkeypatch).sizes
    model = make_model(batch_size=6, epochs=1, mini_batch_size=3)
    model.compile()
    free(0)
    model.fit(texts(6), batch_size=6, mini_batch_size="auto", verbose=0)
    assert set(sizes) == {3}


@pytest.mark.parametrize("size", [0, 2.5, "all"])
def test_fit_refuses_other_sizes(model, size):
    message = (
        "`mini_batch_size` must be a positive integer or None. "
        f"Received: mini_batch_size={size!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(texts(6), batch_size=6, mini_batch_size=size)


# === Encoding ===


def test_calls_of_the_encoder_fit(model, free, monkeypatch):
    monkeypatch.setattr(fitting_batches, "SMALL", 0)
    ids = model.preprocessor.tokenize(texts(200)) * 10
    # The widest of them fill the sequence length.
    assert max(map(len, ids)) >= 22
    free(encoding_memory(model, 64 * 24, 24))
    assert fitting_batch_size(model, ids) == 64
    free(encoding_memory(model, 10 * 24, 24))
    assert fitting_batch_size(model, ids) == 10
    free(0)
    assert fitting_batch_size(model, ids) == 1
    assert fitting_batch_size(model, []) == 1


def test_few_short_texts_are_no_reason_for_small_calls(
    model, free, monkeypatch
):
    monkeypatch.setattr(fitting_batches, "SMALL", 0)
    free(encoding_memory(model, 10 * 24, 24))
    assert fitting_batch_size(model, [(7,)] * 10) == 64


def test_encode_text_makes_them_unless_told(model, free, monkeypatch):
    monkeypatch.setattr(fitting_batches, "SMALL", 0)
    strings = texts(80)
    expected = model.encode_text(strings)
    free(encoding_memory(model, 2 * 24, 24))
    calls = []
    predict = model.predict_on_batch

    def record(features):
        calls.append(features["token_ids"].size)
        return predict(features)

    monkeypatch.setattr(model, "predict_on_batch", record)
    vectors = model.encode_text(strings)
    assert max(calls) <= 2 * 24
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    calls.clear()
    model.encode_text(strings, batch_size=64)
    assert max(calls) > 2 * 24
