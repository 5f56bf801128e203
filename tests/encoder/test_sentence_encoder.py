import json
import re

import keras
import numpy as np
import pytest
from keras import ops
from support import models
from support import references

from keras_mirror import SentenceEncoder
from keras_mirror.encoder.backbone_settings import set_activation
from keras_mirror.encoder.backbone_settings import set_layer_norm_epsilon

MODES = ["cls", "mean", "max", "padded_mean"]
HIDDEN_DIM = 8


@pytest.fixture(scope="module", params=models.FAMILIES)
def backbone(request):
    return models.make_backbone(request.param, dropout=0.3)


@pytest.fixture(params=models.FAMILIES)
def fresh_backbone(request):
    """For tests that change the backbone."""
    return models.make_backbone(request.param)


@pytest.fixture
def bert():
    return models.make_backbone("Bert")


def random_features(num_rows=4, length=12, seed=0):
    generator = np.random.default_rng(seed)
    lengths = generator.integers(2, length + 1, size=(num_rows, 1))
    padding_mask = (np.arange(length) < lengths).astype("int32")
    token_ids = generator.integers(5, 500, (num_rows, length), "int32")
    return {
        "token_ids": token_ids * padding_mask,
        "padding_mask": padding_mask,
    }


def encode(encoder, features, **options):
    return ops.convert_to_numpy(encoder(features, **options))


# === Basics ===


def test_shape_and_dtype(backbone):
    encoder = SentenceEncoder(backbone)
    assert encoder.output_shape == (None, HIDDEN_DIM)
    assert set(encoder.input) == {"token_ids", "padding_mask"}
    for num_rows, length in [(4, 12), (1, 12)]:
        embeddings = encoder(random_features(num_rows, length))
        assert embeddings.shape == (num_rows, HIDDEN_DIM)
        dtype = keras.backend.standardize_dtype(embeddings.dtype)
        assert dtype == "float32"


def test_default_is_the_first_token(bert):
    encoder = SentenceEncoder(bert)
    assert encoder.pooling_mode == "cls"
    assert encoder.backbone is bert


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_embeddings_are_float32_under_mixed_precision(policy):
    backbone = models.make_backbone("Bert", dtype=policy)
    encoder = SentenceEncoder(backbone, "mean", dtype=policy)
    outputs = encoder(random_features())
    assert keras.backend.standardize_dtype(outputs.dtype) == "float32"
    assert np.isfinite(ops.convert_to_numpy(outputs)).all()


# === Correctness ===


def test_is_the_backbone_pooled(backbone):
    features = random_features()
    vectors = references.token_vectors(backbone, features)
    masks = features["padding_mask"] == 1
    rows = list(zip(vectors, masks, strict=True))
    expected = {
        "cls": [row[0] for row, _ in rows],
        "mean": [row[mask].mean(axis=0) for row, mask in rows],
        "max": [row[mask].max(axis=0) for row, mask in rows],
        "padded_mean": [row.mean(axis=0) for row, _ in rows],
    }
    for mode in MODES:
        embeddings = encode(SentenceEncoder(backbone, mode), features)
        np.testing.assert_allclose(
            embeddings, expected[mode], rtol=1e-5, atol=1e-6
        )


def test_first_and_last_layer_are_averaged(fresh_backbone):
    backbone = fresh_backbone
    hidden = [
        layer.output for layer in backbone.layers if hasattr(layer, "num_heads")
    ]
    assert len(hidden) >= 1
    last = backbone.output
    last = last["sequence_output"] if isinstance(last, dict) else last
    both = keras.Model(backbone.input, [hidden[0], last])
    features = random_features()
    everything = {**features, "segment_ids": 0 * features["token_ids"]}
    first, last = [
        ops.convert_to_numpy(output)
        for output in both({name: everything[name] for name in backbone.input})
    ]
    assert np.abs(first - last).max() > 1e-3
    encoder = SentenceEncoder(backbone, "mean", pooled_layers="first_last")
    mask = features["padding_mask"][..., np.newaxis]
    expected = (mask * (first + last) / 2).sum(axis=1) / mask.sum(axis=1)
    np.testing.assert_allclose(encode(encoder, features), expected, atol=1e-5)


def test_unknown_layers_are_refused(bert):
    message = (
        "`pooled_layers` must be one of ('last', 'first_last'). "
        "Received: pooled_layers='all'"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        SentenceEncoder(bert, pooled_layers="all")


def test_padding_does_not_matter(backbone):
    features = random_features(length=12)
    longer = {
        name: np.pad(feature, [(0, 0), (0, 20)])
        for name, feature in features.items()
    }
    longer["token_ids"][:, 12:] = 77  # no token that counts
    for mode in ("cls", "mean", "max"):
        encoder = SentenceEncoder(backbone, mode)
        np.testing.assert_allclose(
            encode(encoder, longer), encode(encoder, features), atol=1e-5
        )


def test_a_text_alone_and_among_500_others(backbone):
    features = random_features(501)
    alone = {name: feature[[250]] for name, feature in features.items()}
    for mode in ("cls", "mean", "max"):
        encoder = SentenceEncoder(backbone, mode)
        among = encode(encoder, features)[[250]]
        np.testing.assert_allclose(encode(encoder, alone), among, atol=1e-5)


def test_different_texts_have_different_embeddings(backbone):
    embeddings = encode(SentenceEncoder(backbone), random_features())
    distances = np.abs(embeddings[:, None] - embeddings).max(axis=-1)
    assert (distances + np.eye(4) > 1e-4).all()


def test_dropout_is_on_in_training_only(bert):
    encoder = SentenceEncoder(bert, "mean")
    features = random_features()
    calls = [encode(encoder, features, training=True) for _ in range(2)]
    assert np.abs(calls[0] - calls[1]).max() > 1e-3
    calls = [encode(encoder, features, training=False) for _ in range(2)]
    np.testing.assert_array_equal(calls[0], calls[1])


def test_rows_of_one_batch_have_their_own_dropout(bert):
    encoder = SentenceEncoder(bert, "mean")
    features = random_features(1)
    twice = {
        name: np.concatenate([value, value]) for name, value in features.items()
    }
    view_1, view_2 = encode(encoder, twice, training=True)
    assert np.abs(view_1 - view_2).max() > 1e-3


def test_every_dropout_of_a_backbone_has_its_rate(backbone):
    layers = backbone._flatten_layers()
    rates = [layer.rate for layer in layers if hasattr(layer, "rate")]
    attentions = [
        layer._dropout
        for layer in backbone._flatten_layers()
        if isinstance(layer, keras.layers.MultiHeadAttention)
    ]
    assert set(rates) == {0.3}
    assert set(attentions) <= {0.3}
    # Of two blocks the attention and both outputs (ALBERT has one block that
    # is used twice), and of the embeddings.
    num_blocks = 1 if "Albert" in type(backbone).__name__ else 2
    assert len(rates) >= 3 * num_blocks + 1


def test_pooler_does_not_train(backbone):
    encoder = SentenceEncoder(backbone)
    trained = {weight.path for weight in encoder.trainable_weights}
    poolers = [path for path in trained if "pooled" in path]
    assert trained and not poolers
    has_pooler = "Bert" == type(backbone).__name__.removesuffix("Backbone")
    if has_pooler:
        frozen = {weight.path for weight in encoder.non_trainable_weights}
        assert len([path for path in frozen if "pooled" in path]) == 2


def test_every_trained_weight_moves_the_embedding(bert):
    encoder = SentenceEncoder(bert, "mean")
    features = random_features()
    before = encode(encoder, features)
    values = encoder.get_weights()
    generator = np.random.default_rng(0)
    still = []
    for weight in encoder.trainable_weights:
        value = ops.convert_to_numpy(weight)
        weight.assign(value + generator.normal(size=value.shape))
        if np.abs(encode(encoder, features) - before).max() < 1e-6:
            still.append(weight.path)
        weight.assign(value)
    encoder.set_weights(values)
    # Softmax does not see what is added to all scores alike.
    assert all("key/bias" in path for path in still)


def test_activation_changes_the_output(fresh_backbone):
    # Kernels start so small that all activations are nearly straight lines.
    for weight in fresh_backbone.trainable_weights:
        if "kernel" in weight.path:
            weight.assign(20 * weight)
    features = random_features()
    before, relu, exact, approximate = [
        encode(SentenceEncoder(fresh_backbone, activation=name), features)
        for name in (None, "relu", "gelu", "gelu_approximate")
    ]
    assert np.abs(relu - before).max() > 1e-2
    assert 1e-5 < np.abs(approximate - exact).max() < 1e-2
    assert (
        min(np.abs(before - gelu).max() for gelu in (exact, approximate)) < 1e-6
    )


def test_epsilon_changes_the_output(bert):
    features = random_features()
    before = encode(SentenceEncoder(bert), features)
    encoder = SentenceEncoder(bert, layer_norm_epsilon=0.1)
    assert np.abs(encode(encoder, features) - before).max() > 1e-3
    encoder = SentenceEncoder(bert, layer_norm_epsilon=1e-12)
    np.testing.assert_allclose(encode(encoder, features), before, atol=1e-4)


def test_epsilon_reaches_every_normalization(fresh_backbone):
    set_layer_norm_epsilon(fresh_backbone, 3e-4)
    layers = [
        layer
        for layer in fresh_backbone._flatten_layers()
        if isinstance(layer, keras.layers.LayerNormalization)
    ]
    family = type(fresh_backbone).__name__.removesuffix("Backbone")
    # Two a block (ALBERT has one that is used twice), the embeddings', and
    # DeBERTa's of relative positions.
    expected = {"Albert": 3, "DebertaV3": 6}.get(family, 5)
    assert len(layers) == expected
    assert {layer.epsilon for layer in layers} == {3e-4}


# === Serialization ===


def test_config_round_trip(backbone):
    encoder = SentenceEncoder(backbone, "max", name="encoder")
    config = keras.saving.serialize_keras_object(encoder)
    config = json.loads(json.dumps(config))
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is SentenceEncoder
    assert type(again.backbone) is type(backbone)
    assert again.name == "encoder" and again.pooling_mode == "max"
    assert again.get_config() == encoder.get_config()
    assert len(again.trainable_weights) == len(encoder.trainable_weights)
    again.set_weights(encoder.get_weights())
    features = random_features()
    np.testing.assert_allclose(
        encode(again, features), encode(encoder, features), atol=1e-6
    )


@pytest.mark.parametrize(
    "options", [{"activation": "relu"}, {"layer_norm_epsilon": 0.1}]
)
def test_what_a_backbone_config_leaves_out_survives(bert, options):
    plain = SentenceEncoder(models.make_backbone("Bert"))
    encoder = SentenceEncoder(bert, **options)
    config = json.loads(json.dumps(encoder.get_config()))
    again = SentenceEncoder.from_config(config)
    for name, value in options.items():
        assert getattr(again, name) == value
    for other in (plain, again):
        other.set_weights(encoder.get_weights())
    features = random_features()
    expected = encode(encoder, features)
    np.testing.assert_allclose(encode(again, features), expected, atol=1e-6)
    assert np.abs(encode(plain, features) - expected).max() > 1e-3


def test_from_config_leaves_the_config_as_it_is(bert):
    config = SentenceEncoder(bert).get_config()
    before = json.dumps(config)
    SentenceEncoder.from_config(config)
    assert json.dumps(config) == before


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float32"])
def test_dtype_policy_survives(policy):
    backbone = models.make_backbone("Bert", dtype=policy)
    encoder = SentenceEncoder(backbone, dtype=policy)
    again = SentenceEncoder.from_config(encoder.get_config())
    assert again.backbone.dtype_policy.name == policy
    features = random_features()
    again.set_weights(encoder.get_weights())
    np.testing.assert_allclose(
        encode(again, features), encode(encoder, features), atol=1e-6
    )


def test_global_policy_changes_no_encoder_that_is_loaded(bert):
    encoder = SentenceEncoder(bert, pooled_layers="first_last")
    features = random_features()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        again = SentenceEncoder.from_config(encoder.get_config())
    finally:
        keras.config.set_dtype_policy("float32")
    again.set_weights(encoder.get_weights())
    np.testing.assert_allclose(
        encode(again, features), encode(encoder, features), atol=1e-6
    )


def test_save_and_load(bert, tmp_path):
    encoder = SentenceEncoder(bert, "mean", activation="relu")
    path = tmp_path / "encoder.keras"
    encoder.save(path)
    loaded = keras.saving.load_model(path)
    features = random_features()
    np.testing.assert_allclose(
        encode(loaded, features), encode(encoder, features), atol=1e-6
    )


# === Invalid arguments ===


def test_unknown_pooling_is_refused(bert):
    message = (
        f"`pooling_mode` must be one of {tuple(MODES)}. "
        "Received: pooling_mode='median'"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        SentenceEncoder(bert, "median")


def one_input():
    inputs = keras.Input((None,), dtype="int32", name="token_ids")
    outputs = keras.layers.Embedding(10, 4)(inputs)
    return keras.Model(inputs, outputs)


def no_padding_mask():
    names = ("token_ids", "segment_ids")
    inputs = {name: keras.Input((None,), name=name) for name in names}
    return keras.Model(inputs, inputs["token_ids"])


def another_input():
    names = ("token_ids", "padding_mask", "images")
    inputs = {name: keras.Input((None,), name=name) for name in names}
    return keras.Model(inputs, inputs["token_ids"])


@pytest.mark.parametrize(
    "make, names",
    [
        (one_input, []),
        (no_padding_mask, ["segment_ids", "token_ids"]),
        (another_input, ["images", "padding_mask", "token_ids"]),
    ],
)
def test_backbones_of_something_else_are_refused(make, names):
    message = (
        "`backbone` must be a text encoder of keras-hub with the inputs "
        "'token_ids' and 'padding_mask'. Received: "
        f"backbone=Functional with the inputs {names}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        SentenceEncoder(make())


@pytest.mark.parametrize("activation", [3, ["relu"]])
def test_activation_must_be_a_name(bert, activation):
    message = (
        f"`activation` must be a string. Received: activation={activation}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        set_activation(bert, activation)


@pytest.mark.parametrize(
    "name", ["vocabulary_size", "num_layers", "hidden_dim"]
)
def test_absurd_sizes_are_refused_before_they_are_made(bert, name):
    config = SentenceEncoder(bert).get_config()
    config["backbone"]["config"][name] = 10**12
    message = "A backbone must have at most .* (weights|layers). Received: "
    with pytest.raises(ValueError, match=message):
        SentenceEncoder.from_config(config)
