import keras
import numpy as np
import pytest
from keras import ops
from support.models import make_model
from support.references import value_and_gradients

from keras_mirror.encoder import lean_normalization
from keras_mirror.encoder.lean_normalization import lean_normalizations


@pytest.mark.parametrize("axis", [-1, 2])
def test_values_and_gradients_stay(monkeypatch, axis):
    generator = np.random.default_rng(0)
    arrays = [
        generator.normal(size=shape).astype("float32")
        for shape in ((3, 7, 8), (8,), (8,))
    ]
    weights = generator.normal(size=(3, 7, 8)).astype("float32")

    def compute(inputs, gamma, beta):
        layer.gamma, layer.beta = gamma, beta
        return ops.sum(layer.call(inputs) * ops.convert_to_tensor(weights))

    layer = keras.layers.LayerNormalization(axis=axis, epsilon=1e-3)
    layer.built = True
    layer.gamma = layer.beta = None
    layer._tracker.unlock()
    expected = value_and_gradients(compute, *arrays)
    plain = layer.call

    class Backbone:
        def _flatten_layers(self):
            return [layer]

    lean_normalizations(Backbone())
    monkeypatch.setattr(lean_normalization, "is_fused", lambda: True)
    assert layer.call != plain
    found = value_and_gradients(compute, *arrays)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)
    for gradient, expected_gradient in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(gradient, expected_gradient, atol=1e-5)


def test_every_normalization_of_an_encoder_is_lean():
    layers = make_model().encoder.backbone._flatten_layers()
    kinds = (keras.layers.LayerNormalization,)
    calls = [layer.call.func for layer in layers if isinstance(layer, kinds)]
    assert calls == [lean_normalization._call] * 5
