import json
import re

import keras
import numpy as np
import pytest
from keras import ops

from keras_mirror.layers import SentencePooling

MODES = ["cls", "mean", "max", "padded_mean"]
LENGTHS = [1, 3, 5]


def random_tokens(seed=0):
    generator = np.random.default_rng(seed)
    tokens = generator.normal(size=(3, 5, 4)).astype("float32")
    padding_mask = np.arange(5) < np.array(LENGTHS)[:, np.newaxis]
    return tokens, padding_mask.astype("int32")


def pool(mode, tokens, padding_mask):
    return ops.convert_to_numpy(SentencePooling(mode)(tokens, padding_mask))


# === Basics ===


@pytest.mark.parametrize("mode", MODES)
def test_shape_and_dtype(mode):
    tokens, padding_mask = random_tokens()
    layer = SentencePooling(mode)
    outputs = layer(tokens, padding_mask)
    assert outputs.shape == (3, 4)
    assert keras.backend.standardize_dtype(outputs.dtype) == "float32"
    assert layer.compute_output_shape((None, 5, 4), (None, 5)) == (None, 4)
    assert layer.weights == []


@pytest.mark.parametrize("mode", MODES)
def test_symbolic_shape(mode):
    tokens = keras.Input((None, 4))
    outputs = SentencePooling(mode)(tokens, keras.Input((None,), dtype="int32"))
    assert outputs.shape == (None, 4)


def test_default_is_the_first_token():
    assert SentencePooling().pooling_mode == "cls"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_pooled_in_float32(mode, dtype):
    tokens, padding_mask = random_tokens()
    halves = ops.cast(tokens, dtype)
    rounded = ops.convert_to_numpy(ops.cast(halves, "float32"))
    np.testing.assert_array_equal(
        pool(mode, halves, padding_mask), pool(mode, rounded, padding_mask)
    )


def test_global_policy_does_not_matter():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        outputs = SentencePooling("mean")(*random_tokens())
    finally:
        keras.config.set_dtype_policy(policy)
    assert keras.backend.standardize_dtype(outputs.dtype) == "float32"


# === Correctness ===


@pytest.mark.parametrize("mode", MODES)
def test_equals_loops_over_texts(mode):
    tokens, padding_mask = random_tokens()
    expected = [
        {
            "cls": text[0],
            "mean": text[:length].mean(axis=0),
            "max": text[:length].max(axis=0),
            "padded_mean": text.mean(axis=0),
        }[mode]
        for text, length in zip(tokens, LENGTHS, strict=True)
    ]
    np.testing.assert_allclose(
        pool(mode, tokens, padding_mask), expected, rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize("mode", ["cls", "mean", "max"])
@pytest.mark.parametrize("junk", [1e30, np.inf, np.nan])
def test_padding_is_never_seen(mode, junk):
    tokens, padding_mask = random_tokens()
    expected = pool(mode, tokens, padding_mask)
    tokens[padding_mask == 0] = junk
    np.testing.assert_array_equal(pool(mode, tokens, padding_mask), expected)


def test_padded_mean_depends_on_padding():
    tokens, padding_mask = random_tokens()
    expected = pool("padded_mean", tokens, padding_mask)
    tokens[padding_mask == 0] += 1
    changed = np.abs(pool("padded_mean", tokens, padding_mask) - expected)
    np.testing.assert_allclose(changed[0], 4 / 5, rtol=1e-5)
    np.testing.assert_array_equal(changed[2], 0)


def test_max_of_negative_values_is_negative():
    tokens, padding_mask = random_tokens()
    assert (pool("max", -np.abs(tokens) - 1, padding_mask) < 0).all()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["bool", "int64", "float32"])
def test_dtype_of_the_mask_does_not_matter(mode, dtype):
    tokens, padding_mask = random_tokens()
    np.testing.assert_array_equal(
        pool(mode, tokens, padding_mask.astype(dtype)),
        pool(mode, tokens, padding_mask),
    )


def test_a_weighted_mean():
    tokens = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
    weights = np.array([[1, 2, 0.5, 0], [3, 0, 0, 0], [1e-4, 1e-4, 0, 0]])
    weights = weights.astype("float32")
    outputs = SentencePooling("mean")(tokens, weights > 0, weights)
    expected = [
        np.average(row, axis=0, weights=row_weights)
        for row, row_weights in zip(tokens, weights, strict=True)
    ]
    outputs = ops.convert_to_numpy(outputs)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5)


def test_mean_of_no_tokens_is_zero():
    tokens, padding_mask = random_tokens()
    np.testing.assert_array_equal(pool("mean", tokens, 0 * padding_mask), 0)


# === Serialization ===


@pytest.mark.parametrize("mode", MODES)
def test_config_round_trip(mode):
    layer = SentencePooling(mode, name="pooling")
    config = keras.saving.serialize_keras_object(layer)
    config = json.loads(json.dumps(config))
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is SentencePooling
    assert again.get_config() == layer.get_config()
    assert again.pooling_mode == mode and again.name == "pooling"


# === Invalid arguments ===


@pytest.mark.parametrize("mode", ["mean_std", "CLS", "", None, 0])
def test_unknown_mode_is_refused(mode):
    message = (
        "`pooling_mode` must be one of ('cls', 'mean', 'max', 'padded_mean'). "
        f"Received: pooling_mode={mode!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        SentencePooling(mode)
