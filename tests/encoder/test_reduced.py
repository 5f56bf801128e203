import re

import keras
import numpy as np
import pytest
from support.exports import make_model
from support.models import compiled_model
from support.texts import texts

from keras_mirror import MirrorModel
from keras_mirror.encoder.fingerprint import fingerprint
from keras_mirror.unit_rows import unit_rows

TEXTS = texts(300)


def reference(vectors, dim):
    """The best approximation of rows of length 1 in `dim` dimensions."""
    rows = unit_rows(vectors).astype("float64")
    left, values, _ = np.linalg.svd(rows, full_matrices=False)
    return left[:, :dim] * values[:dim]


def cosines(vectors):
    rows = unit_rows(vectors)
    return rows @ rows.T


# === Correctness ===


@pytest.mark.parametrize("dim", [1, 3, 7])
def test_cosines_are_those_of_the_singular_vectors(dim):
    model = make_model("Bert", "sentence")
    expected = reference(model.encode_text(TEXTS), dim)
    vectors = model.reduced(TEXTS, dim).encode_text(TEXTS)
    assert vectors.shape == (len(TEXTS), dim)
    np.testing.assert_allclose(cosines(vectors), cosines(expected), atol=1e-4)


def test_all_dimensions_keep_all_cosines():
    model = make_model("Bert", "sentence")
    vectors = model.encode_text(TEXTS)
    again = model.reduced(TEXTS, dim=8).encode_text(TEXTS)
    assert np.abs(again - vectors).max() > 0.1
    np.testing.assert_allclose(cosines(again), cosines(vectors), atol=1e-5)


def test_the_first_numbers_are_those_of_fewer_dimensions():
    model = make_model("Bert", "sentence")
    few, more = (model.reduced(TEXTS, dim).encode_text(TEXTS) for dim in (3, 6))
    np.testing.assert_allclose(more[:, :3], few, atol=1e-5)


def test_again_reduces_what_is_left():
    model = make_model("Bert", "sentence")
    at_once = model.reduced(TEXTS, 8).reduced(TEXTS, 4).encode_text(TEXTS)
    expected = model.reduced(TEXTS, 4).encode_text(TEXTS)
    np.testing.assert_allclose(cosines(at_once), cosines(expected), atol=1e-4)


def test_after_the_mean_was_removed_and_whitening():
    ended = make_model("Bert", "sentence").centered(TEXTS).whitened(TEXTS)
    expected = reference(ended.encode_text(TEXTS), 4)
    small = ended.reduced(TEXTS, 4)
    assert small.encoder.centered and small.encoder.whitened
    np.testing.assert_allclose(
        cosines(small.encode_text(TEXTS)), cosines(expected), atol=1e-4
    )


# === What is kept ===


def test_what_the_model_is_stays():
    model = make_model("Bert", "word", projection_head=True, drophead=0.3)
    model.record = model.record.with_scores({"dev": 1.0})
    small = model.reduced(TEXTS, 5)
    assert small.encoder.backbone is model.encoder.backbone
    assert small.recipe == model.recipe
    assert small.encoder.drophead == 0.3
    assert small.projection_head.output_shape == (None, 5)
    assert small.record.scores == {} and model.record.scores == {"dev": 1}


def test_archive(tmp_path):
    small = make_model("Bert", "sentence").reduced(TEXTS, 5)
    expected = small.encode_text(TEXTS[:20])
    for name, save in (
        ("saved.keras", small.save),
        ("small.keras", lambda path: small.export(path, format="keras")),
    ):
        save(tmp_path / name)
        loaded = keras.saving.load_model(tmp_path / name)
        assert loaded.encoder.projection_dim == 5
        assert not loaded.encoder.projection.trainable
        np.testing.assert_allclose(
            loaded.encode_text(TEXTS[:20]), expected, atol=1e-5
        )
        assert fingerprint(loaded) == fingerprint(small)


def test_half_precision_projects_in_float32():
    model = make_model(dtype="mixed_bfloat16").reduced(TEXTS, 4)
    assert model.encoder.projection.kernel.numpy().dtype == "float32"
    assert model.encode_text(TEXTS[:3]).dtype == "float32"


def test_quantized_vectors_are_close():
    small = make_model("Bert", "sentence").reduced(TEXTS, 4)
    before = cosines(small.encode_text(TEXTS))
    small.quantize("int8")
    after = cosines(small.encode_text(TEXTS))
    assert 0 < np.abs(after - before).mean() < 0.05


# === Training ===


def test_training_leaves_the_matrix_and_moves_the_rest():
    model = compiled_model(recipe="sentence").reduced(TEXTS, 4)
    before = model.encoder.backbone.get_weights()
    kernel = model.encoder.projection.kernel.numpy()
    model.compile()
    model.fit(TEXTS[:30], batch_size=10, epochs=1, verbose=0)
    after = model.encoder.backbone.get_weights()
    np.testing.assert_array_equal(model.encoder.projection.kernel, kernel)
    assert any(np.any(x != y) for x, y in zip(before, after, strict=True))


# === Invalid arguments ===


@pytest.mark.parametrize("dim", [0, 9, 4.0, None])
def test_other_numbers_of_dimensions_are_refused(dim, model):
    message = f"`dim` must be an integer from 1 to 8. Received: dim={dim!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        model.reduced(TEXTS, dim)


def test_fewer_texts_than_dimensions_are_refused(model):
    with pytest.raises(ValueError, match="at least 5 different .* Received: 4"):
        model.reduced(TEXTS[:4], 5)


def test_encoders_of_another_kind_are_refused(model):
    inputs = model.encoder.input
    other = keras.Model(inputs, model.encoder(inputs) * 2.0)
    with pytest.raises(ValueError, match="Received: encoder=Functional"):
        MirrorModel(other, model.preprocessor).reduced(TEXTS, 2)
