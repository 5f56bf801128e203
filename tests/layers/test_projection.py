import keras
import numpy as np
import pytest
from keras import ops
from support import models
from support.texts import texts

from keras_mirror import SentenceEncoder
from keras_mirror.encoder.fingerprint import fingerprint
from keras_mirror.encoder.replaced_end import with_end
from keras_mirror.layers import Projection

TEXTS = texts(30)
EMBEDDINGS = np.array([[1.0, 2.0], [3.0, 2.0], [5.0, -1.0]], "float32")


def made(dim, kernel=None):
    layer = Projection(dim)
    layer.build((None, 2))
    if kernel is not None:
        layer.kernel.assign(kernel)
    return layer


# === Basics ===


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_shape(dim):
    layer = made(dim)
    assert layer(EMBEDDINGS).shape == (3, dim)
    assert layer.compute_output_shape((None, 2)) == (None, dim)


def test_the_kernel_trains_and_there_is_no_bias():
    layer = made(3)
    assert [weight.shape for weight in layer.trainable_weights] == [(2, 3)]
    assert not layer.non_trainable_weights


# === Correctness ===


def test_multiplies_every_row_by_its_matrix():
    outputs = made(1, [[1.0], [3.0]])(EMBEDDINGS)
    assert ops.convert_to_numpy(outputs).tolist() == [[7], [9], [2]]


def test_more_dimensions_keep_all_cosines_before_training():
    outputs = ops.convert_to_numpy(made(5)(EMBEDDINGS))
    expected = EMBEDDINGS @ EMBEDDINGS.T
    np.testing.assert_allclose(outputs @ outputs.T, expected, rtol=1e-5)


def test_computes_in_float32_beside_half_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        layer = made(2, np.eye(2))
    finally:
        keras.config.set_dtype_policy("float32")
    outputs = ops.convert_to_numpy(layer(EMBEDDINGS + 0.001))
    np.testing.assert_array_equal(outputs, EMBEDDINGS + 0.001)


# === In an encoder ===


def test_an_encoder_without_it_is_as_before():
    backbone = models.make_backbone()
    config = SentenceEncoder(backbone).get_config()
    assert "projection_dim" not in config
    assert SentenceEncoder(backbone).projection is None
    projected = SentenceEncoder(backbone, projection_dim=3)
    assert projected.output_shape == (None, 3)
    assert projected.get_config() == {
        **config,
        "name": projected.name,
        "projection_dim": 3,
    }


@pytest.mark.parametrize("trainable", [True, False])
def test_an_archive_keeps_vectors_and_whether_it_trains(trainable, tmp_path):
    model = models.projected_model(3, recipe="sentence", batch_size=10)
    model.encoder.projection.trainable = trainable
    expected = model.encode_text(TEXTS)
    assert expected.shape == (len(TEXTS), 3)
    model.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_allclose(loaded.encode_text(TEXTS), expected, atol=1e-6)
    assert fingerprint(loaded) == fingerprint(model)
    assert loaded.encoder.projection.trainable == trainable
    before = loaded.encoder.projection.kernel.numpy()
    loaded.compile()
    loaded.fit(TEXTS, epochs=1, verbose=0)
    moved = np.any(loaded.encoder.projection.kernel.numpy() != before)
    assert moved == trainable


def test_another_end_keeps_it_or_makes_a_new_one():
    encoder = models.projected_model(3).encoder
    kernel = encoder.projection.kernel.numpy()
    same = with_end(encoder, pooling_mode="max").projection.kernel.numpy()
    np.testing.assert_array_equal(same, kernel)
    assert with_end(encoder, projection_dim=2).output_shape == (None, 2)


@pytest.mark.parametrize("end", ["centered", "whitened"])
def test_what_is_measured_before_it_is_refused(end):
    with pytest.raises(ValueError, match=f"call `{end}` first, then `reduced`"):
        getattr(models.projected_model(3), end)(TEXTS)


# === Serialization ===


def test_round_trip():
    layer = Projection(3, name="mine")
    config = keras.saving.serialize_keras_object(layer)
    same = keras.saving.deserialize_keras_object(config)
    assert type(same) is Projection and same.name == "mine"
    assert same.get_config() == layer.get_config()


# === Invalid arguments ===


@pytest.mark.parametrize("dim", [0, 2.0, True, None])
def test_dimensions_are_positive_integers(dim):
    with pytest.raises(ValueError, match="`dim` must be a positive integer"):
        Projection(dim)


@pytest.mark.parametrize("dim", [-1, True, 10**9])
def test_an_encoder_names_its_own_argument(dim):
    with pytest.raises(ValueError, match="`projection_dim` must be an integer"):
        SentenceEncoder(models.make_backbone(), projection_dim=dim)
