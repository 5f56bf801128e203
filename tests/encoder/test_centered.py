import re

import keras
import numpy as np
import pytest
from support.exports import make_model
from support.models import compiled_model
from support.texts import texts

from keras_mirror import MirrorModel
from keras_mirror.encoder import replaced_end
from keras_mirror.encoder.fingerprint import fingerprint

TEXTS = texts(30)


def mean_of(model):
    return model.encode_text(TEXTS).mean(axis=0)


# === Correctness ===


@pytest.mark.parametrize(
    "family, recipe", [("Bert", "sentence"), ("Roberta", "paper_sentence")]
)
def test_the_mean_is_gone_and_nothing_else(family, recipe):
    model = make_model(family, recipe)
    vectors = model.encode_text(TEXTS)
    assert np.abs(vectors.mean(axis=0)).max() > 0.1
    centered = model.centered(TEXTS)
    expected = vectors - vectors.mean(axis=0)
    np.testing.assert_allclose(centered.encode_text(TEXTS), expected, atol=1e-5)
    np.testing.assert_allclose(model.encode_text(TEXTS), vectors, atol=1e-6)


def test_an_equal_text_counts_once():
    model = make_model()
    centered = model.centered([TEXTS[0]] * 40 + TEXTS)
    np.testing.assert_allclose(mean_of(centered), 0, atol=1e-5)


def test_of_many_texts_some_from_all_over_them_are_taken(monkeypatch):
    monkeypatch.setattr(replaced_end, "MOST_TEXTS", 4)
    model, counts = make_model(), []
    centered = model.centered(texts(10), on_progress=counts.append)
    some = [texts(10)[row] for row in (0, 2, 5, 7)]
    mean = centered.encode_text(some).mean(axis=0)
    np.testing.assert_allclose(mean, 0, atol=1e-5)
    assert counts == [4]


def test_again_removes_the_mean_of_other_texts():
    model = make_model()
    twice = model.centered(texts(5, 40)).centered(TEXTS)
    expected = model.centered(TEXTS).encode_text(TEXTS)
    np.testing.assert_allclose(twice.encode_text(TEXTS), expected, atol=1e-5)


def test_the_default_prompt_is_in_the_mean():
    model = make_model()
    prompts = type(model.preprocessor.prompts)
    model.preprocessor.prompts = prompts({"query": "a dog: "}, "query")
    np.testing.assert_allclose(mean_of(model.centered(TEXTS)), 0, atol=1e-5)


# === What is kept ===


def test_what_the_model_is_stays():
    model = make_model("Bert", "word", projection_head=True, drophead=0.3)
    model.record = model.record.with_scores({"dev": 1.0})
    centered = model.centered(TEXTS)
    assert centered.encoder.backbone is model.encoder.backbone
    assert centered.preprocessor.tokenizer is model.preprocessor.tokenizer
    assert centered.recipe == model.recipe
    assert centered.encoder.drophead == 0.3
    assert centered.record.scores == {} and model.record.scores == {"dev": 1}
    for ours, theirs in zip(
        centered.projection_head.weights,
        model.projection_head.weights,
        strict=True,
    ):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_archive(tmp_path):
    centered = make_model("Bert", "sentence").centered(TEXTS)
    expected = centered.encode_text(TEXTS)
    assert np.abs(centered.encoder.token_weights.counts.numpy()).sum() > 0
    for name, save in (
        ("saved.keras", centered.save),
        ("small.keras", lambda path: centered.export(path, format="keras")),
    ):
        save(tmp_path / name)
        loaded = keras.saving.load_model(tmp_path / name)
        assert loaded.encoder.centered
        np.testing.assert_allclose(
            loaded.encode_text(TEXTS), expected, atol=1e-6
        )
        assert fingerprint(loaded) == fingerprint(centered)


def test_fingerprint_is_another_one():
    model = make_model()
    marks = {fingerprint(x) for x in (model, model.centered(TEXTS))}
    marks.add(fingerprint(model.centered(TEXTS[:9])))
    assert len(marks) == 3


@pytest.mark.parametrize("first", ["quantize", "centered"])
def test_quantized(first, tmp_path):
    model = make_model()
    if first == "quantize":
        model.quantize("int8")
        model = model.centered(TEXTS)
        np.testing.assert_allclose(mean_of(model), 0, atol=1e-5)
    else:
        model = model.centered(TEXTS)
        model.quantize("int8")
    assert np.abs(model.encoder.centering.mean.numpy()).max() > 0.1
    model.save(tmp_path / "int8.keras")
    loaded = keras.saving.load_model(tmp_path / "int8.keras")
    np.testing.assert_allclose(
        loaded.encode_text(TEXTS), model.encode_text(TEXTS), atol=1e-5
    )


def test_half_precision_subtracts_in_float32():
    model = make_model(dtype="mixed_bfloat16").centered(TEXTS)
    assert model.encoder.centering.mean.numpy().dtype == "float32"
    np.testing.assert_allclose(mean_of(model), 0, atol=1e-5)


# === Training ===


def test_training_leaves_the_mean_and_moves_the_rest():
    model = compiled_model(recipe="sentence").centered(TEXTS)
    before = model.encoder.get_weights()
    mean = model.encoder.centering.mean.numpy()
    model.compile()
    model.fit(TEXTS, batch_size=10, epochs=1, verbose=0)
    np.testing.assert_array_equal(model.encoder.centering.mean.numpy(), mean)
    after = model.encoder.get_weights()
    assert any(np.any(x != y) for x, y in zip(before, after, strict=True))


def test_a_mean_of_zero_trains_as_without():
    losses = []
    for is_centered in (False, True):
        model = compiled_model(recipe="sentence", dropout=0.0, span_length=0)
        if is_centered:
            model = model.centered(TEXTS)
            mean = model.encoder.centering.mean
            mean.assign(0 * mean.numpy())
            model.compile()
        losses.append(model.evaluate(TEXTS, batch_size=10, verbose=0))
    assert losses[1] == pytest.approx(losses[0], abs=1e-6)


# === Invalid arguments ===


@pytest.mark.parametrize("given", [[], ["a man", "a man"], "a man"])
def test_fewer_than_two_texts_are_refused(model, given):
    number = len({given} if isinstance(given, str) else set(given))
    message = (
        "`texts` must hold at least 2 different texts, whose mean or "
        f"variance is measured. Received: {number}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        model.centered(given)


def test_encoders_of_another_kind_are_refused(model):
    inputs = model.encoder.input
    other = keras.Model(inputs, model.encoder(inputs) * 2.0)
    message = (
        "`encoder` must be a `SentenceEncoder`, which can store a mean or a "
        "matrix. Received: encoder=Functional"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        MirrorModel(other, model.preprocessor).centered(TEXTS)


def test_whitened_models_are_refused(model):
    with pytest.raises(ValueError, match="Call `centered` first, then `whit"):
        model.whitened(TEXTS).centered(TEXTS)
