import keras
import numpy as np
import pytest
from keras import ops
from support import models
from support import references

from keras_mirror.encoder.flat_projections import flatten_projections

FEATURES = {
    "token_ids": np.random.default_rng(0).integers(5, 400, (3, 7), "int32"),
    "padding_mask": np.array([[1] * 7, [1] * 4 + [0] * 3, [1] * 2 + [0] * 5]),
}


def projections(backbone):
    layers = backbone._flatten_layers()
    kinds = (keras.layers.Dense, keras.layers.EinsumDense)
    return [layer for layer in layers if isinstance(layer, kinds)]


@pytest.mark.parametrize("family", models.FAMILIES)
def test_the_vectors_stay(family):
    backbone = models.make_backbone(family)
    for layer in projections(backbone):  # zero biases would hide theirs
        layer.bias.assign(
            np.random.default_rng(0).normal(size=layer.bias.shape)
        )
    expected = references.token_vectors(backbone, FEATURES)
    plain = [layer.call for layer in projections(backbone)]
    flatten_projections(backbone)
    np.testing.assert_allclose(
        references.token_vectors(backbone, FEATURES), expected, atol=1e-5
    )
    flat = [layer.call for layer in projections(backbone)]
    num_layers = 1 if family == "Albert" else 2  # ALBERT shares one
    einsum = [
        layer
        for layer in projections(backbone)
        if isinstance(layer, keras.layers.EinsumDense)
    ]
    assert len(einsum) == 4 * num_layers  # query, key, value, output
    assert len(flat) - len(einsum) >= 2 * num_layers  # the feed-forward blocks
    assert all(a != b for a, b in zip(plain, flat, strict=True))


@pytest.mark.parametrize(
    "equation, output_shape, bias_axes, activation, is_flat",
    [
        ("abc,cde->abde", (None, 2, 3), "de", None, True),
        ("abc,cde->abde", (None, 2, 3), "de", "softmax", True),
        ("abc,cd->abd", (None, 5), "d", "relu", True),
        ("abc,cd->abd", (None, 5), None, None, True),
        ("abc,cde->abde", (None, 2, 3), "e", None, False),
        ("abc,bcd->abd", (7, 5), "d", None, False),
    ],
)
def test_layers_of_every_kind(
    equation, output_shape, bias_axes, activation, is_flat
):
    layer = keras.layers.EinsumDense(
        equation,
        output_shape,
        activation=activation,
        bias_axes=bias_axes,
        bias_initializer="random_normal",
    )
    check(layer, is_flat)


@pytest.mark.parametrize("activation", [None, "relu", "softmax"])
def test_dense_layers(activation):
    layer = keras.layers.Dense(
        5, activation=activation, bias_initializer="random_normal"
    )
    check(layer, is_flat=True)


def check(layer, is_flat):
    inputs = np.random.default_rng(0).normal(size=(3, 7, 4)).astype("float32")
    expected = ops.convert_to_numpy(layer(inputs))
    plain = layer.call
    flatten_projections(keras.Sequential([layer]))
    assert (layer.call != plain) == is_flat
    outputs = ops.convert_to_numpy(layer(inputs))
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


def test_the_encoder_is_flat():
    model = models.make_model()
    for layer in projections(model.encoder.backbone):
        assert layer.call.func.__name__ == "_project"
