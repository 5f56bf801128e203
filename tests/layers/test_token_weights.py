import re

import keras
import numpy as np
import pytest
from keras import ops
from support import models
from support import references
from support.models import make_model
from support.texts import texts

from keras_mirror import SentenceEncoder
from keras_mirror.layers import TokenWeights

VOCABULARY_SIZE = 12
TOKEN_IDS = np.array([[2, 5, 5, 7, 3, 0], [2, 5, 3, 0, 0, 0]], "int32")
PADDING_MASK = (TOKEN_IDS > 0).astype("int32")
WEIGHTED = {"pooling_mode": "mean", "frequency_smoothing": 0.01}


def weights_of(layer):
    return ops.convert_to_numpy(layer(TOKEN_IDS, PADDING_MASK))


def counts_of(model):
    return ops.convert_to_numpy(model.encoder.token_weights.counts)


# === Correctness ===


def test_before_counting_real_tokens_weigh_one():
    layer = TokenWeights(VOCABULARY_SIZE)
    np.testing.assert_array_equal(weights_of(layer), PADDING_MASK)


@pytest.mark.parametrize("smoothing", [1e-3, 0.5])
def test_weights_are_smooth_inverse_frequencies(smoothing):
    layer = TokenWeights(VOCABULARY_SIZE, smoothing)
    for _ in range(3):  # counts add up
        layer.count(TOKEN_IDS, PADDING_MASK)
    frequencies = {2: 2 / 8, 5: 3 / 8, 7: 1 / 8, 3: 2 / 8}
    expected = [
        [
            smoothing / (smoothing + frequencies[token]) if token else 0
            for token in row
        ]
        for row in TOKEN_IDS.tolist()
    ]
    np.testing.assert_allclose(weights_of(layer), expected, rtol=1e-5)
    counts = ops.convert_to_numpy(layer.counts)
    assert counts.tolist() == [0, 0, 6, 6, 0, 9, 0, 3, 0, 0, 0, 0]


def test_the_papers_smoothing_is_the_default():
    assert TokenWeights(VOCABULARY_SIZE).smoothing == 1e-3


# === In a model ===


@pytest.mark.parametrize(
    "family, mini_batch_size", [("Bert", None), ("Electra", 3)]
)
def test_fit_counts_the_tokens_of_both_views(family, mini_batch_size):
    model = make_model(
        family, **WEIGHTED, span_length=0, mini_batch_size=mini_batch_size
    )
    model.compile()
    strings = texts(20)
    model.fit(strings, batch_size=10, epochs=3, verbose=0)
    features = model.preprocessor(strings)
    expected = np.bincount(
        features["token_ids"].ravel(),
        weights=features["padding_mask"].ravel(),
        minlength=len(counts_of(model)),
    )
    np.testing.assert_array_equal(counts_of(model), 6 * expected)


def test_nothing_else_counts():
    model = make_model(**WEIGHTED)
    model.compile()
    model.encode_text(texts(4))
    model.evaluate(texts(4), batch_size=4, verbose=0)
    assert not counts_of(model).any()


@pytest.mark.parametrize("family", models.FEW_FAMILIES)
def test_vectors_are_weighted_means(family):
    model = make_model(family, **WEIGHTED)
    features = model.preprocessor(texts(6))
    plain = model.encode_text(texts(6))
    model.encoder.token_weights.count(**features)
    weighted = model.encode_text(texts(6))
    assert np.abs(weighted - plain).max() > 1e-4
    tokens = references.token_vectors(model.encoder.backbone, features)
    weights = ops.convert_to_numpy(model.encoder.token_weights(**features))
    for row, row_weights, vector in zip(tokens, weights, weighted, strict=True):
        expected = sum(
            weight * token
            for weight, token in zip(row_weights, row, strict=True)
        )
        np.testing.assert_allclose(
            vector, expected / row_weights.sum(), atol=1e-5
        )


def test_training_goes_by_the_weights():
    losses = []
    for smoothing in (1e6, 1e-6):  # all alike, and by frequency alone
        keras.utils.set_random_seed(0)
        model = make_model(
            pooling_mode="mean",
            frequency_smoothing=smoothing,
            dropout=0.0,
            span_length=0,
        )
        model.compile()
        history = model.fit(texts(8), batch_size=8, epochs=1, verbose=0)
        losses.append(history.history["loss"][0])
    # Weighted, the start and the end, which all texts share, count less.
    assert losses[1] < losses[0] - 0.1


def test_counts_and_weights_are_float32_under_mixed_precision():
    model = make_model(**WEIGHTED, dtype="mixed_bfloat16", span_length=0)
    model.compile()
    model.fit(texts(602), batch_size=301, epochs=1, verbose=0)
    start = model.preprocessor.tokenizer.start_token_id
    assert counts_of(model).dtype == "float32"
    assert counts_of(model)[start] == 4 * 301  # too fine for bfloat16
    weights = model.encoder.token_weights(**model.preprocessor(texts(3)))
    assert keras.backend.standardize_dtype(weights.dtype) == "float32"


# === Serialization ===


def test_round_trip():
    layer = TokenWeights(VOCABULARY_SIZE, 0.2)
    config = keras.saving.serialize_keras_object(layer)
    same = keras.saving.deserialize_keras_object(config)
    assert same.get_config() == layer.get_config()


# === Invalid arguments ===


@pytest.mark.parametrize("smoothing", [0, -1, "0.1", None, float("nan")])
def test_smoothing_out_of_range_is_refused(smoothing):
    message = (
        "`smoothing` must be a positive float. "
        f"Received: smoothing={smoothing!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        TokenWeights(VOCABULARY_SIZE, smoothing)


@pytest.mark.parametrize("vocabulary_size", [0, 2.0, None])
def test_size_out_of_range_is_refused(vocabulary_size):
    message = (
        "`vocabulary_size` must be a positive integer. "
        f"Received: vocabulary_size={vocabulary_size!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        TokenWeights(vocabulary_size)


@pytest.mark.parametrize("pooling_mode", ["cls", "max", "padded_mean"])
def test_weights_need_a_mean(pooling_mode):
    message = (
        "`frequency_smoothing` weighs the tokens of a mean: it needs "
        f"pooling_mode='mean'. Received: pooling_mode='{pooling_mode}'"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        SentenceEncoder(
            models.make_backbone(), pooling_mode, frequency_smoothing=0.01
        )
