import keras
import numpy as np
import pytest
from support.exports import make_model
from support.models import compiled_model
from support.texts import texts

from keras_mirror import MirrorModel
from keras_mirror.encoder.fingerprint import fingerprint

TEXTS = texts(300)


def moments(vectors):
    vectors = vectors.astype("float64")
    return vectors.T @ vectors / len(vectors)


def reference(vectors):
    """Shrunk second moments and their root by SciPy."""
    linalg = pytest.importorskip("scipy.linalg")
    size = vectors.shape[1]
    found = moments(vectors)
    found += np.eye(size) * np.trace(found) / len(vectors)
    kernel = np.linalg.inv(linalg.sqrtm(found))
    return kernel * np.sqrt(np.trace(found) / size)


def spread(vectors):
    """The largest variance of a direction by the mean one."""
    found = moments(vectors)
    return np.linalg.eigvalsh(found)[-1] * len(found) / np.trace(found)


# === Correctness ===


@pytest.mark.parametrize(
    "family, recipe", [("Bert", "sentence"), ("Roberta", "paper_sentence")]
)
def test_vectors_are_those_of_scipy(family, recipe):
    model = make_model(family, recipe)
    vectors = model.encode_text(TEXTS)
    expected = vectors @ reference(vectors)
    whitened = model.whitened(TEXTS)
    np.testing.assert_allclose(
        whitened.encode_text(TEXTS), expected, rtol=1e-3, atol=1e-3
    )
    np.testing.assert_allclose(model.encode_text(TEXTS), vectors, atol=1e-6)


def test_no_direction_prevails():
    model = make_model("Bert", "sentence")
    before = spread(model.encode_text(TEXTS))
    after = spread(model.whitened(TEXTS).encode_text(TEXTS))
    assert before > 5 and after < 1.5


def test_few_texts_change_little():
    """Of two texts nothing is known of most directions."""
    model = make_model()
    few = model.whitened(TEXTS[:2]).encoder.whitening.kernel.numpy()
    many = model.whitened(TEXTS).encoder.whitening.kernel.numpy()
    identity = np.eye(len(few))
    assert np.abs(few - identity).max() < np.abs(many - identity).max() / 3


def test_lengths_stay_in_the_mean():
    model = make_model("Bert", "sentence")
    traces = [
        np.trace(moments(each.encode_text(TEXTS)))
        for each in (model, model.whitened(TEXTS))
    ]
    assert traces[1] == pytest.approx(traces[0], rel=0.3)


def test_again_whitens_what_is_left():
    model = make_model("Bert", "sentence")
    once = model.whitened(TEXTS[:150])
    vectors = once.encode_text(TEXTS)
    twice = once.whitened(TEXTS).encode_text(TEXTS)
    expected = vectors @ reference(vectors)
    np.testing.assert_allclose(twice, expected, rtol=1e-3, atol=1e-3)


def test_after_the_mean_was_removed():
    centered = make_model("Bert", "sentence").centered(TEXTS)
    vectors = centered.encode_text(TEXTS)
    both = centered.whitened(TEXTS)
    assert both.encoder.centered and both.encoder.whitened
    expected = vectors @ reference(vectors)
    np.testing.assert_allclose(
        both.encode_text(TEXTS), expected, rtol=1e-3, atol=1e-3
    )


# === What is kept ===


def test_what_the_model_is_stays():
    model = make_model("Bert", "word", projection_head=True, drophead=0.3)
    model.record = model.record.with_scores({"dev": 1.0})
    whitened = model.whitened(TEXTS)
    assert whitened.encoder.backbone is model.encoder.backbone
    assert whitened.recipe == model.recipe
    assert whitened.encoder.drophead == 0.3
    assert whitened.record.scores == {} and model.record.scores == {"dev": 1}


def test_archive(tmp_path):
    whitened = make_model("Bert", "sentence").whitened(TEXTS)
    expected = whitened.encode_text(TEXTS[:20])
    for name, save in (
        ("saved.keras", whitened.save),
        ("small.keras", lambda path: whitened.export(path, format="keras")),
    ):
        save(tmp_path / name)
        loaded = keras.saving.load_model(tmp_path / name)
        assert loaded.encoder.whitened
        np.testing.assert_allclose(
            loaded.encode_text(TEXTS[:20]), expected, atol=1e-5
        )
        assert fingerprint(loaded) == fingerprint(whitened)


def test_fingerprint_is_another_one():
    model = make_model()
    marks = {fingerprint(x) for x in (model, model.whitened(TEXTS))}
    marks.add(fingerprint(model.whitened(TEXTS[:90])))
    assert len(marks) == 3


def test_half_precision_multiplies_in_float32():
    model = make_model(dtype="mixed_bfloat16").whitened(TEXTS)
    assert model.encoder.whitening.kernel.numpy().dtype == "float32"
    assert spread(model.encode_text(TEXTS)) < 2


# === Training ===


def test_training_leaves_the_matrix_and_moves_the_rest():
    model = compiled_model(recipe="sentence").whitened(TEXTS)
    before = model.encoder.backbone.get_weights()
    kernel = model.encoder.whitening.kernel.numpy()
    model.compile()
    model.fit(TEXTS[:30], batch_size=10, epochs=1, verbose=0)
    after = model.encoder.backbone.get_weights()
    np.testing.assert_array_equal(model.encoder.whitening.kernel, kernel)
    assert any(np.any(x != y) for x, y in zip(before, after, strict=True))


# === Invalid arguments ===


def test_fewer_than_two_texts_are_refused(model):
    with pytest.raises(ValueError, match="variance is measured. Received: 1"):
        model.whitened(["a man", "a man"])


def test_encoders_of_another_kind_are_refused(model):
    inputs = model.encoder.input
    other = keras.Model(inputs, model.encoder(inputs) * 2.0)
    with pytest.raises(ValueError, match="Received: encoder=Functional"):
        MirrorModel(other, model.preprocessor).whitened(TEXTS)
