import numpy as np
import pytest
import safetensors.numpy

import keras_mirror
from keras_mirror.checkpoints.hugging_face.int8_rows import SCALE
from keras_mirror.checkpoints.hugging_face.int8_rows import from_int8_rows
from keras_mirror.checkpoints.hugging_face.int8_rows import store_int8_rows
from keras_mirror.checkpoints.hugging_face.int8_rows import to_int8_rows

TABLE = "embeddings.word_embeddings.weight"
TEXTS = ["two dogs run through the deep snow", "a cat sleeps"]


def test_a_number_is_off_by_half_a_scale_at_most():
    matrix = np.random.default_rng(0).normal(size=(20, 8)).astype("float32")
    matrix[3] = 0
    integers, scales = to_int8_rows(matrix)
    assert integers.dtype == "int8" and scales.shape == (20, 1)
    assert np.abs(integers).max() == 127
    difference = np.abs(from_int8_rows(integers, scales) - matrix)
    assert (difference <= scales / 2 + 1e-6).all()
    assert difference.max() > 0


@pytest.fixture
def folder(model, tmp_path):
    """A folder of sentence-transformers with a table of int8."""
    folder = tmp_path / "packed"
    model.export(folder)
    store_int8_rows(folder / "model.safetensors", TABLE)
    return folder


def test_a_folder_with_such_a_table_is_loaded_in_float32(model, folder):
    loaded = keras_mirror.MirrorModel.from_preset(folder)
    table = loaded.encoder.backbone.token_embedding.get_weights()[0]
    original = model.encoder.backbone.token_embedding.get_weights()[0]
    assert table.dtype == "float32"
    np.testing.assert_array_equal(
        table, from_int8_rows(*to_int8_rows(original))
    )
    cosines = [
        np.dot(one, two) / np.linalg.norm(one) / np.linalg.norm(two)
        for one, two in zip(
            loaded.encode_text(TEXTS), model.encode_text(TEXTS), strict=True
        )
    ]
    assert min(cosines) > 0.999


def test_scales_of_another_shape_are_refused(folder):
    path = folder / "model.safetensors"
    tensors = safetensors.numpy.load_file(path)
    tensors[TABLE + SCALE] = np.ones((1, 8), "float32")
    safetensors.numpy.save_file(tensors, path, {"format": "pt"})
    with pytest.raises(ValueError, match="a scale for each row"):
        keras_mirror.MirrorModel.from_preset(folder)
