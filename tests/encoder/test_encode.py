import re

import keras
import numpy as np
import pytest
from support import models
from support import texts as corpora

from keras_mirror.encoder.encode import encode_ids
from keras_mirror.encoder.similar_lengths import CALL_TOKENS
from keras_mirror.preprocessing import padding

OTHERS = corpora.texts(500, seed=1)
ODD = ["", " ", "a", "x" * 200, "[MASK]", "e\u0301", corpora.SENTENCES[4] * 20]
TEXTS = corpora.SENTENCES + ODD


# Every family and pooling: tests/test_encoder.py, without compiling each.
@pytest.fixture(scope="module")
def model():
    return models.make_model(pooling_mode="mean")


def straight(model, texts):
    """What `encode` is to give: every text padded to the full length."""
    features = model.preprocessor(texts)
    return np.asarray(model.predict_on_batch(features))


# === Basics ===


@pytest.mark.parametrize("number", [0, 1])
def test_shape_and_dtype(model, number):
    embeddings = model.encode_text(TEXTS[:number])
    assert isinstance(embeddings, np.ndarray)
    assert embeddings.shape == (number, 8)
    assert embeddings.dtype == "float32"


def test_a_single_string_is_one_row(model):
    embeddings = model.encode_text(TEXTS[0])
    assert embeddings.shape == (1, 8)
    np.testing.assert_array_equal(embeddings, model.encode_text(TEXTS[:1]))


@pytest.mark.parametrize("make", [tuple, np.array, iter])
def test_strings_of_every_kind(model, make):
    np.testing.assert_array_equal(
        model.encode_text(make(TEXTS)), model.encode_text(TEXTS)
    )


# === Correctness ===


def test_rows_are_in_the_order_of_the_texts(model):
    np.testing.assert_allclose(
        model.encode_text(TEXTS), straight(model, TEXTS), atol=1e-5
    )


@pytest.mark.parametrize("batch_size", [1, 1000])
def test_batch_size_does_not_matter(model, batch_size):
    np.testing.assert_allclose(
        model.encode_text(TEXTS, batch_size),
        straight(model, TEXTS),
        atol=1e-5,
    )


def test_a_text_alone_and_among_500_others(model):
    among = model.encode_text([*OTHERS[:250], *TEXTS, *OTHERS[250:]])
    for text, expected in zip(TEXTS, among[250:], strict=False):
        alone = model.encode_text(text)[0]
        np.testing.assert_allclose(alone, expected, atol=1e-5, err_msg=text)


def test_padded_mean_is_the_originals():
    model = models.make_model(pooling_mode="padded_mean")
    np.testing.assert_allclose(
        model.encode_text(TEXTS), straight(model, TEXTS), atol=1e-5
    )


def test_dropout_is_off(model):
    np.testing.assert_array_equal(
        model.encode_text(TEXTS), model.encode_text(TEXTS)
    )


def test_equal_texts_have_equal_rows(model):
    embeddings = model.encode_text(["a man"] * 63 + ["a woman"])
    np.testing.assert_allclose(embeddings[:63], embeddings[[0] * 63], atol=1e-6)
    assert np.abs(embeddings[63] - embeddings[0]).max() > 1e-4


def test_ids_give_what_their_texts_give(model):
    token_ids = model.preprocessor.tokenize(TEXTS)
    np.testing.assert_array_equal(
        encode_ids(model, token_ids), model.encode_text(TEXTS)
    )
    assert encode_ids(model, []).shape == (0, 8)


def batches_of_encoder(model, monkeypatch, texts):
    """The padding masks of all calls of the encoder, which are not made."""
    masks = []

    def record(features):
        masks.append(features["padding_mask"])
        return np.zeros((len(masks[-1]), 8))

    monkeypatch.setattr(model, "predict_on_batch", record)
    model.encode_text(texts, batch_size=10)
    return masks


def test_few_shapes_reach_the_encoder_where_each_is_compiled(
    model, monkeypatch
):
    monkeypatch.setattr(padding, "compiles_every_shape", lambda: True)
    masks = batches_of_encoder(model, monkeypatch, OTHERS)
    shapes = {mask.shape for mask in masks}
    most = {8: 30, 12: 20, 16: 15, 24: 10}  # 240 tokens a call
    for num_rows, width in shapes:
        is_power_of_two = num_rows & (num_rows - 1) == 0
        assert num_rows == most[width] or is_power_of_two
        assert num_rows <= most[width]
    assert {(most[width], width) for width in (8, 12, 16)} <= shapes
    assert len(shapes) <= 8


def test_texts_are_padded_only_where_a_call_would_take_longer(
    model, monkeypatch
):
    monkeypatch.setattr(padding, "compiles_every_shape", lambda: False)
    masks = batches_of_encoder(model, monkeypatch, OTHERS)
    assert len(masks) > 3
    for mask in masks:
        lengths, counts = np.unique(mask.sum(axis=1), return_counts=True)
        assert (counts * (mask.shape[1] - lengths) <= CALL_TOKENS).all()
    # A few texts of different lengths, as a server gets them.
    few = ["a man " * number for number in range(1, 9)]
    [mask] = batches_of_encoder(model, monkeypatch, few)
    assert mask.sum(axis=1).tolist() == [4, 6, 8, 10, 12, 14, 16, 18]


def test_equal_texts_are_computed_once(model, monkeypatch):
    monkeypatch.setattr(padding, "compiles_every_shape", lambda: False)
    vectors = model.encode_text(["a cat", "a man", "a cat"])
    masks = batches_of_encoder(model, monkeypatch, ["a cat", "a man", "a cat"])
    assert [len(mask) for mask in masks] == [2]
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert (vectors[0] != vectors[1]).any()


@pytest.mark.parametrize("name", ["predict_on_batch", "predict"])
def test_a_call_is_not_repeated_op_by_op(model, monkeypatch, name):
    features = model.preprocessor(TEXTS)
    predict = getattr(model, name)
    predict(features)
    calls = []
    call = model.encoder.call

    def record(*args, **kwargs):
        calls.append(1)
        return call(*args, **kwargs)

    monkeypatch.setattr(model.encoder, "call", record)
    predict(features)
    is_eager = keras.backend.backend() == "torch"
    assert len(calls) == is_eager  # the others have compiled it


# === Invalid arguments ===


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "8", True])
def test_batch_size_must_be_positive(model, batch_size):
    message = (
        "`batch_size` must be a positive integer. "
        f"Received: batch_size={batch_size!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        model.encode_text(TEXTS, batch_size)


def test_what_are_no_strings_is_refused(model):
    """More of them: tests/data/test_corpus.py."""
    message = "Texts must be a string or a list of strings. Received: b'one'"
    with pytest.raises(TypeError, match=re.escape(message)):
        model.encode_text(b"one")
    message = "Texts must be strings. Received: None of type NoneType at"
    with pytest.raises(TypeError, match=re.escape(message)):
        model.encode_text(["one", None])
