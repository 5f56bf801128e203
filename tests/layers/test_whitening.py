import keras
import numpy as np
from keras import ops
from support import models

from keras_mirror import SentenceEncoder
from keras_mirror.layers import Whitening

EMBEDDINGS = np.array([[1.0, 2.0], [3.0, 2.0], [5.0, -1.0]], "float32")


def made(kernel=None):
    layer = Whitening()
    layer.build((None, 2))
    if kernel is not None:
        layer.kernel.assign(kernel)
    return layer


# === Correctness ===


def test_multiplies_every_row_by_its_matrix():
    kernel = [[1.0, 2.0], [0.0, 3.0]]
    outputs = ops.convert_to_numpy(made(kernel)(EMBEDDINGS))
    assert outputs.tolist() == [[1, 8], [3, 12], [5, 7]]


def test_changes_nothing_before_it_is_set():
    outputs = ops.convert_to_numpy(made()(EMBEDDINGS))
    np.testing.assert_array_equal(outputs, EMBEDDINGS)


def test_computes_in_float32_beside_half_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        layer = made()
    finally:
        keras.config.set_dtype_policy("float32")
    outputs = ops.convert_to_numpy(layer(EMBEDDINGS + 0.001))
    np.testing.assert_array_equal(outputs, EMBEDDINGS + 0.001)


# === In an encoder ===


def test_an_encoder_without_it_is_as_before():
    backbone = models.make_backbone()
    config = SentenceEncoder(backbone).get_config()
    assert "whitened" not in config
    assert SentenceEncoder(backbone).whitening is None
    whitened = SentenceEncoder(backbone, whitened=True)
    assert whitened.get_config() == {
        **config,
        "name": whitened.name,
        "whitened": True,
    }
    assert not whitened.whitening.trainable_weights


# === Serialization ===


def test_round_trip():
    config = keras.saving.serialize_keras_object(Whitening(name="mine"))
    same = keras.saving.deserialize_keras_object(config)
    assert type(same) is Whitening and same.name == "mine"
    assert same.get_config() == Whitening(name="mine").get_config()
