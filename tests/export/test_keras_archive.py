import keras
import numpy as np
import pytest
from keras import ops
from support import models
from support.exports import features

from keras_mirror.export import EXPORTERS
from keras_mirror.export.backends import EXPORT_BACKENDS


def vectors(model):
    return np.asarray(model.predict_on_batch(features(5, 12)))


def test_an_archive_to_encode_with_has_no_optimizer(tmp_path):
    model = models.make_model(recipe="sentence")
    model.compile()
    model.save(tmp_path / "whole.keras")
    model.export(tmp_path / "small.keras", format="keras")
    sizes = [
        (tmp_path / name).stat().st_size
        for name in ("small.keras", "whole.keras")
    ]
    num_weights = sum(np.prod(w.shape) for w in model.trainable_weights)
    assert sizes[1] - sizes[0] > 2 * 4 * num_weights  # two momenta each
    loaded = keras.saving.load_model(tmp_path / "small.keras")
    np.testing.assert_allclose(vectors(loaded), vectors(model), atol=1e-6)
    assert loaded.recipe == model.recipe
    assert not loaded.compiled and model.compiled
    for old, new in zip(
        model.projection_head.weights,
        loaded.projection_head.weights,
        strict=True,
    ):
        np.testing.assert_array_equal(
            ops.convert_to_numpy(old), ops.convert_to_numpy(new)
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "small.keras",
        "whole.keras",
    ]


def test_existing_archives_stay(tmp_path):
    path = tmp_path / "small.keras"
    path.write_text("mine")
    with pytest.raises(FileExistsError) as error:
        models.make_model().export(path, format="keras")
    assert str(error.value) == (
        f"'{path}' exists. Choose another file or remove it first"
    )
    assert path.read_text() == "mine"


def test_every_format_has_its_backends():
    assert list(EXPORT_BACKENDS) == list(EXPORTERS)


def test_unknown_formats_are_refused(tmp_path):
    with pytest.raises(ValueError) as error:
        models.make_model().export(tmp_path / "new", format="pickle")
    assert str(error.value) == (
        "`format` must be one of ('sentence-transformers', 'keras', 'onnx', "
        "'openvino', 'saved_model', 'litert', 'static'). "
        "Received: format='pickle'"
    )
