import keras
import numpy as np
import pytest
from keras import ops
from support import models
from support.exports import TEXTS
from support.exports import features
from support.exports import make_model

from keras_mirror.encoder.quantization import is_quantized
from keras_mirror.export.forward_model import forward_model
from keras_mirror.unit_rows import pairwise_cosines

# One of every kind; ELECTRA is built as BERT, XLM-R and DistilBERT as RoBERTa.
ALIKE = ("Electra", "XLMRoberta", "DistilBert")
FAMILIES = [
    pytest.param(family, marks=[pytest.mark.slow] * (family in ALIKE))
    for family in models.FAMILIES
]
DENSE = (keras.layers.Dense, keras.layers.EinsumDense)


def copy_of(model, family):
    copy = make_model(family)
    copy.encoder.set_weights(model.encoder.get_weights())
    return copy


def vectors(model):
    """Of one shape: JAX compiles every shape anew."""
    return np.asarray(model.predict_on_batch(features(5, 12)))


def round_weights(model):
    """Rounds as 8 bits do: kernels by output, embeddings by token."""
    for layer in model.encoder._flatten_layers():
        if isinstance(layer, DENSE):
            num_contracted = 2 if layer.name == "attention_output" else 1
            round_to_bytes(layer.kernel, tuple(range(num_contracted)))
        elif isinstance(layer, keras.layers.Embedding):
            round_to_bytes(layer.embeddings, -1)


def round_to_bytes(weight, axes):
    values = ops.convert_to_numpy(weight).astype("float64")
    largest = np.abs(values).max(axis=axes, keepdims=True)
    weight.assign(np.round(values * 127 / largest) * largest / 127)


# === Correctness ===


@pytest.mark.parametrize("family", FAMILIES)
def test_vectors_are_those_of_rounded_weights(family):
    model = make_model(family)
    reference = copy_of(model, family)
    before = vectors(model)
    model.quantize("int8")
    after = vectors(model)
    round_weights(reference)
    np.testing.assert_allclose(after, vectors(reference), atol=2e-4)
    assert np.abs(after - before).max() > 1e-3
    assert pairwise_cosines(before, after).min() > 0.99


def test_all_kernels_are_bytes():
    model = make_model()
    model.quantize("int8")
    for layer in model.encoder._flatten_layers():
        if isinstance(layer, DENSE):
            assert layer.kernel.dtype == "int8"
        if isinstance(layer, keras.layers.Embedding):
            assert layer.embeddings.dtype == "int8"
    assert is_quantized(model)
    assert not is_quantized(make_model())


# === Saving ===


@pytest.mark.parametrize("family", FAMILIES)
def test_an_archive_gives_the_same_vectors(family, tmp_path):
    model = make_model(family)
    model.quantize("int8")
    model.save(tmp_path / "small.keras")
    loaded = keras.saving.load_model(tmp_path / "small.keras")
    assert is_quantized(loaded)
    np.testing.assert_allclose(vectors(loaded), vectors(model), atol=1e-5)
    assert loaded.preprocessor.tokenize(TEXTS) == model.preprocessor.tokenize(
        TEXTS
    )


def test_an_archive_of_a_trained_model_has_no_optimizer(tmp_path):
    model = models.make_model(recipe="sentence")
    model.compile()  # the optimizer's state is there from now on
    vectors(model)  # compiled functions of the kernels from before
    model.save(tmp_path / "large.keras")
    model.quantize("int8")
    after = vectors(model)
    model.save(tmp_path / "small.keras")
    loaded = keras.saving.load_model(tmp_path / "small.keras")
    np.testing.assert_allclose(vectors(loaded), after, atol=1e-5)
    assert getattr(loaded, "optimizer", None) is None
    large, small = (
        (tmp_path / name).stat().st_size
        for name in ("large.keras", "small.keras")
    )
    assert small < large


def test_half_precision(tmp_path):
    model = make_model(dtype="mixed_bfloat16")
    before = vectors(model)
    model.quantize("int8")
    after = vectors(model)
    assert pairwise_cosines(before, after).min() > 0.99
    with pytest.raises(ValueError, match="must compute in float32"):
        forward_model(model, normalize=False)
    model.save(tmp_path / "small.keras")
    loaded = keras.saving.load_model(tmp_path / "small.keras")
    assert pairwise_cosines(vectors(loaded), after).min() > 0.999
    forward_model(loaded, normalize=False)


# === Invalid arguments ===


def test_other_modes_are_refused():
    model = make_model()
    with pytest.raises(ValueError) as error:
        model.quantize("int4")
    assert str(error.value) == (
        "`mode` must be 'int8': archives with other modes do not load as "
        "they were saved. Received: mode='int4'"
    )
    assert not is_quantized(model)


def test_once_is_enough():
    model = make_model()
    model.quantize("int8")
    with pytest.raises(ValueError) as error:
        model.quantize("int8")
    assert str(error.value) == (
        "`model` is quantized already: load the archive saved before "
        "quantization"
    )


def test_sentence_transformers_get_no_bytes(tmp_path):
    model = make_model()
    model.quantize("int8")
    with pytest.raises(ValueError) as error:
        model.export(tmp_path / "folder")
    assert str(error.value) == (
        "A sentence-transformers folder needs float weights. Received: a model "
        "quantized to int8. Export the archive saved before quantization"
    )
    assert not list(tmp_path.iterdir())
