import keras
import numpy as np
import pytest
from keras import ops
from support.models import make_model

from keras_mirror.encoder import lean_dropout
from keras_mirror.encoder.lean_dropout import lean_dropouts

ON_JAX = keras.backend.backend() == "jax"
SHAPE = (100, 1000)
RATE = 0.1
FEW = 6 / np.sqrt(np.prod(SHAPE))  # six standard deviations of a correlation

only_jax = pytest.mark.skipif(not ON_JAX, reason="other backends draw quickly")


class Backbone:
    def __init__(self, *layers):
        self._layers = layers

    def _flatten_layers(self):
        return self._layers


@pytest.fixture
def in_step(monkeypatch):
    monkeypatch.setattr(lean_dropout, "is_fused", lambda: True)


def lean(seed=1):
    layer = keras.layers.Dropout(RATE, seed=seed)
    lean_dropouts(Backbone(layer))
    return layer


def masks(layer, number):
    """Which numbers are dropped in each of some calls, centered."""
    ones = np.ones(SHAPE, "float32")
    calls = [layer.call(ones, training=True) for _ in range(number)]
    dropped = [ops.convert_to_numpy(outputs) == 0 for outputs in calls]
    return (np.array(dropped) - RATE) / np.sqrt(RATE * (1 - RATE))


@only_jax
def test_it_keeps_the_expectation(in_step):
    outputs = lean().call(np.full(SHAPE, 3.0, "float32"), training=True)
    outputs = ops.convert_to_numpy(outputs)
    assert outputs.dtype == "float32"
    kept = outputs[outputs != 0]
    np.testing.assert_allclose(kept, 3 / (1 - RATE), rtol=1e-6)
    np.testing.assert_allclose(outputs.mean(), 3, rtol=FEW)
    # Rows and columns too drop a tenth each.
    for axis, size in ((0, SHAPE[0]), (1, SHAPE[1])):
        shares = (outputs == 0).mean(axis=axis)
        variance = RATE * (1 - RATE) / size
        np.testing.assert_allclose(shares.var(), variance, rtol=0.6)


@only_jax
def test_masks_of_calls_and_layers_are_independent(in_step):
    drawn = [*masks(lean(1), 3), *masks(lean(2), 3)]
    flat = np.array(drawn).reshape(len(drawn), -1)
    agreement = flat @ flat.T / flat.shape[1]
    np.fill_diagonal(agreement, 0)
    assert np.abs(agreement).max() < FEW
    for lag in (1, 2, 16, 256, SHAPE[1]):
        products = flat[:, lag:] * flat[:, :-lag]
        assert np.abs(products.mean(axis=1)).max() < FEW


@only_jax
def test_equal_seeds_draw_equal_masks(in_step):
    assert (masks(lean(3), 2) == masks(lean(3), 2)).all()


def test_nothing_changes_outside_of_a_step():
    plain = keras.layers.Dropout(RATE, seed=1)
    ones = ops.ones(SHAPE)
    for training in (True, False):
        found, expected = (
            ops.convert_to_numpy(layer.call(ones, training=training))
            for layer in (lean(1), plain)
        )
        assert (found == expected).all()


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_extreme_rates_are_left_to_keras(in_step, rate):
    layer = keras.layers.Dropout(rate)
    lean_dropouts(Backbone(layer))
    outputs = layer.call(ops.ones(SHAPE), training=True)
    assert (ops.convert_to_numpy(outputs) == 1 - rate).all()


def test_every_dropout_of_an_encoder_is_lean():
    layers = make_model().encoder.backbone._flatten_layers()
    dropouts = [each for each in layers if type(each) is keras.layers.Dropout]
    calls = {layer.call.func for layer in dropouts}
    assert len(dropouts) > 2
    assert calls == {lean_dropout._call}
