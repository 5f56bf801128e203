import re

import keras
import numpy as np
import pytest
from keras import ops
from support import models
from support import references
from support.models import make_model
from support.texts import texts

import keras_mirror
from keras_mirror.layers import DropHead
from keras_mirror.layers.drop_head import set_drophead

NUM_HEADS = 4


def heads(batch_size=200, length=3, head_dim=2):
    shape = (batch_size, length, NUM_HEADS, head_dim)
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def drop(inputs, rate, **options):
    layer = DropHead(rate, NUM_HEADS, seed=0, **options)
    return ops.convert_to_numpy(layer(inputs, training=True))


# === Basics ===


@pytest.mark.parametrize("training", [False, None])
def test_does_nothing_but_in_training(training):
    outputs = DropHead(0.5, NUM_HEADS)(heads(), training=training)
    np.testing.assert_array_equal(ops.convert_to_numpy(outputs), heads())


def test_rate_zero_drops_nothing():
    np.testing.assert_array_equal(drop(heads(), 0), heads())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_keeps_the_dtype(dtype):
    outputs = DropHead(0.5, NUM_HEADS, dtype=dtype)(heads(), training=True)
    assert keras.backend.standardize_dtype(outputs.dtype) == dtype


def test_heads_as_one_axis():
    inputs = heads()
    flat = inputs.reshape(*inputs.shape[:2], -1)
    outputs = drop(flat, 0.5)
    assert outputs.shape == flat.shape
    np.testing.assert_array_equal(
        outputs.reshape(inputs.shape), drop(inputs, 0.5)
    )


# === Correctness ===


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.9])
def test_kept_heads_are_scaled_by_heads_through_kept(rate):
    inputs, outputs = heads(), drop(heads(), rate)
    kept_counts = []
    for text_in, text_out in zip(inputs, outputs, strict=True):
        is_kept = [(text_out[:, h] != 0).any() for h in range(NUM_HEADS)]
        num_kept = sum(is_kept)
        kept_counts.append(num_kept)
        assert num_kept >= 1
        for head in range(NUM_HEADS):  # all tokens of a text alike
            scale = NUM_HEADS / num_kept if is_kept[head] else 0
            np.testing.assert_allclose(
                text_out[:, head], scale * text_in[:, head], rtol=1e-6
            )
    assert len(set(kept_counts)) > 1
    # Of texts that lost all heads one comes back.
    expected = NUM_HEADS * (1 - rate) + rate**NUM_HEADS
    assert abs(np.mean(kept_counts) - expected) < 0.25


def test_a_text_that_would_lose_all_keeps_any_one():
    outputs = drop(heads(), 0.999)
    is_kept = (outputs != 0).any(axis=(1, 3))
    assert (is_kept.sum(axis=1) == 1).mean() > 0.95
    assert (is_kept.sum(axis=0) > 25).all()


def test_every_call_and_every_layer_draws_its_own():
    layer = DropHead(0.5, NUM_HEADS, seed=0)
    first, second = [
        ops.convert_to_numpy(layer(heads(), training=True)) for _ in range(2)
    ]
    assert (first != second).any()
    np.testing.assert_array_equal(first, drop(heads(), 0.5))
    other = DropHead(0.5, NUM_HEADS, seed=1)(heads(), training=True)
    assert (ops.convert_to_numpy(other) != first).any()


def test_gradients_reach_the_kept_heads_only():
    def summed(inputs):
        return ops.sum(DropHead(0.5, NUM_HEADS, seed=0)(inputs, training=True))

    _, (gradient,) = references.value_and_gradients(summed, heads())
    np.testing.assert_allclose(
        gradient, drop(heads(), 0.5) / heads(), rtol=1e-4, atol=1e-6
    )


# === In a backbone ===


@pytest.mark.parametrize("family", models.FAMILIES)
def test_every_attention_drops_heads(family):
    backbone = models.make_backbone(family, dropout=0.0)
    features = {
        "token_ids": np.full((8, 5), 7, "int32"),
        "padding_mask": np.ones((8, 5), "int32"),
    }
    features = {
        name: features.get(name, 0 * features["token_ids"])
        for name in backbone.input
    }
    drop_heads = set_drophead(backbone, 0.5)
    assert len(drop_heads) == (1 if family == "Albert" else 2)
    expected, trained = (
        backbone(features, training=training) for training in (False, True)
    )
    if isinstance(expected, dict):
        expected = expected["sequence_output"]
        trained = trained["sequence_output"]
    expected, trained = map(ops.convert_to_numpy, (expected, trained))
    np.testing.assert_allclose(expected, expected[:1].repeat(8, 0), atol=1e-5)
    # Equal texts, other heads.
    assert len(np.unique(trained[:, 0].round(3), axis=0)) > 2


def test_heads_are_scaled_as_told_before_the_projection():
    backbone = models.make_backbone("Bert", dropout=0.0)
    (layer, *_) = [
        layer
        for layer in backbone._flatten_layers()
        if layer.name == "attention_output"
    ]
    drop_head, _ = set_drophead(backbone, 0.5)
    drop_head._draw_scales = lambda batch_size: np.array([[2.0, 0.0]])
    inputs = (
        np.random.default_rng(0).normal(size=(1, 3, 2, 4)).astype("float32")
    )
    kernel = ops.convert_to_numpy(layer.kernel)
    expected = 2 * np.einsum("abd,de->abe", inputs[:, :, 0], kernel[0])
    outputs = ops.convert_to_numpy(layer(inputs, training=True))
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


def test_setting_it_twice_drops_once():
    backbone = models.make_backbone("Bert")
    set_drophead(backbone, 0.9)
    drop_heads = set_drophead(backbone, 0.0)
    calls = [
        layer.call.args
        for layer in backbone._flatten_layers()
        if layer.name == "attention_output"
    ]
    assert [args[0] for args in calls] == drop_heads
    assert not any("DropHead" in str(args[1]) for args in calls)


def test_training_moves_the_random_state(tmp_path):
    model = make_model(drophead=0.5, dropout=0.0, span_length=0, batch_size=8)
    model.compile()
    states = [layer.seed_generator.state for layer in model.encoder.drop_heads]
    assert len(states) == 2
    before = [ops.convert_to_numpy(state).copy() for state in states]
    model.fit(texts(16), epochs=1, verbose=0)
    for state, old in zip(states, before, strict=True):
        assert (ops.convert_to_numpy(state) != old).any()


def test_the_two_views_differ_by_their_heads_alone():
    losses = []
    for drophead, mini_batch_size in ((0.0, None), (0.5, None), (0.5, 3)):
        keras.utils.set_random_seed(0)
        model = make_model(
            drophead=drophead,
            dropout=0.0,
            span_length=0,
            mini_batch_size=mini_batch_size,
        )
        model.compile(metrics=["alignment"])
        history = model.fit(texts(8), batch_size=8, epochs=1, verbose=0)
        losses.append(history.history["alignment"][0])
    assert losses[0] < 1e-9 < 1e-6 < min(losses[1:])


def test_from_preset_takes_the_recipes_rate(preset):
    model = keras_mirror.MirrorModel.from_preset(
        preset, sequence_length=16, drophead=0.3
    )
    assert [layer.rate for layer in model.encoder.drop_heads] == [0.3, 0.3]
    plain = keras_mirror.MirrorModel.from_preset(
        preset, "paper_sentence", sequence_length=16
    )
    assert plain.encoder.drop_heads == []


# === Serialization ===


def test_round_trip():
    layer = DropHead(0.3, NUM_HEADS, seed=5)
    config = keras.saving.serialize_keras_object(layer)
    same = keras.saving.deserialize_keras_object(config)
    assert same.get_config() == layer.get_config()
    np.testing.assert_array_equal(
        ops.convert_to_numpy(same(heads(), training=True)),
        ops.convert_to_numpy(layer(heads(), training=True)),
    )


# === Invalid arguments ===


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, "0.1", None])
def test_rates_out_of_range_are_refused(rate):
    message = f"`rate` must be a float in [0, 1). Received: rate={rate!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        DropHead(rate, NUM_HEADS)


@pytest.mark.parametrize("num_heads", [0, -1, 2.0, None])
def test_numbers_of_heads_out_of_range_are_refused(num_heads):
    message = (
        "`num_heads` must be a positive integer. "
        f"Received: num_heads={num_heads!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        DropHead(0.1, num_heads)


def test_a_backbone_without_attention_is_refused():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    message = (
        "`backbone` must have multi-head attention, whose heads can be "
        "dropped. Received: backbone=Functional"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        set_drophead(model, 0.1)
