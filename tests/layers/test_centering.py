import keras
import numpy as np
import pytest
from keras import ops
from support import models

from keras_mirror import SentenceEncoder
from keras_mirror.layers import Centering

EMBEDDINGS = np.array([[1.0, 2.0], [3.0, 2.0], [5.0, -1.0]], "float32")


def made(mean=None):
    layer = Centering()
    layer.build((None, 2))
    if mean is not None:
        layer.mean.assign(mean)
    return layer


# === Correctness ===


def test_subtracts_its_mean_from_every_row():
    outputs = ops.convert_to_numpy(made([3.0, 1.0])(EMBEDDINGS))
    assert outputs.tolist() == [[-2, 1], [0, 1], [2, -2]]


def test_changes_nothing_before_it_is_set():
    outputs = ops.convert_to_numpy(made()(EMBEDDINGS))
    np.testing.assert_array_equal(outputs, EMBEDDINGS)


def test_computes_in_float32():
    outputs = made([0.001, 0.0])(ops.cast(EMBEDDINGS, "bfloat16"))
    assert keras.backend.standardize_dtype(outputs.dtype) == "float32"
    assert float(outputs[0, 0]) == pytest.approx(0.999, abs=1e-6)


# === In an encoder ===


def test_an_encoder_without_it_is_as_before():
    backbone = models.make_backbone()
    config = SentenceEncoder(backbone).get_config()
    assert "centered" not in config
    assert SentenceEncoder(backbone).centering is None
    centered = SentenceEncoder(backbone, centered=True)
    assert centered.get_config() == {
        **config,
        "name": centered.name,
        "centered": True,
    }
    assert not centered.centering.trainable_weights


# === Serialization ===


def test_round_trip():
    config = keras.saving.serialize_keras_object(Centering(name="mine"))
    same = keras.saving.deserialize_keras_object(config)
    assert type(same) is Centering and same.name == "mine"
    assert same.get_config() == Centering(name="mine").get_config()
