import numpy as np
import pytest
from support import models
from support.exports import BACKEND
from support.exports import TEXTS
from support.exports import cannot_write
from support.exports import check_vectors
from support.exports import make_model

from keras_mirror.encoder.backbone_settings import set_activation

onnx = pytest.importorskip("onnx", reason="the extra [onnx]")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra [onnx]")
pytestmark = pytest.mark.skipif(**cannot_write("onnx"))

MODES = ["cls", "mean", "max"]


def export(model, folder, **options):
    path = folder / "encoder.onnx"
    model.export(path, format="onnx", **options)
    session = onnxruntime.InferenceSession(str(path))
    return lambda inputs: session.run(["embeddings"], inputs)[0]


def test_vectors_of_the_default_recipe(tmp_path):
    model = make_model("Roberta", "sentence")
    check_vectors(model, export(model, tmp_path))


def test_the_mean_that_is_subtracted_and_the_matrices(tmp_path):
    model = make_model().centered(TEXTS).whitened(TEXTS).reduced(TEXTS, 5)
    assert np.abs(model.encoder.centering.mean.numpy()).max() > 0.1
    check_vectors(model, export(model, tmp_path))


@pytest.mark.processes
@pytest.mark.parametrize(
    "family, recipe, mode",
    [
        ("Bert", "sentence", "mean"),
        ("XLMRoberta", "sentence", "mean"),
        ("Bert", "paper_sentence", "cls"),
        ("Roberta", "paper_sentence", "mean"),
        ("DistilBert", "paper_sentence", "max"),
    ],
)
def test_vectors_of_other_families(family, recipe, mode, tmp_path):
    model = make_model(family, recipe, pooling_mode=mode)
    check_vectors(model, export(model, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("mode", [*MODES, "padded_mean"])
@pytest.mark.parametrize("family", models.FAMILIES)
def test_vectors_of_all(family, mode, tmp_path):
    if family == "DebertaV3" and BACKEND == "torch":
        pytest.skip("PyTorch cannot follow its shapes: has a test of its own")
    model = make_model(family, "paper_sentence", pooling_mode=mode)
    check_vectors(model, export(model, tmp_path))


@pytest.mark.processes
@pytest.mark.parametrize("activation", ["gelu", "gelu_approximate"])
def test_vectors_of_both_gelus(activation, tmp_path):
    model = make_model()
    set_activation(model.encoder.backbone, activation)
    check_vectors(model, export(model, tmp_path))


@pytest.mark.processes
def test_vectors_are_normalized_where_asked(tmp_path):
    model = make_model()
    encode = export(model, tmp_path, normalize=True)
    check_vectors(model, encode, normalize=True)


@pytest.mark.processes
def test_int8_weights_stay_int8(tmp_path):
    model = make_model()
    model.quantize("int8")
    check_vectors(model, export(model, tmp_path))
    tensors = onnx.load(tmp_path / "encoder.onnx").graph.initializer
    int8 = [t for t in tensors if t.data_type == onnx.TensorProto.INT8]
    # Of 2 layers 4 projections and 2 dense layers each; the embeddings of
    # tokens and of segments.
    assert len([t for t in int8 if len(t.dims) == 2]) == 2 * 6 + 2
    floats = [t for t in tensors if t.data_type == onnx.TensorProto.FLOAT]
    vocabulary_size = model.encoder.backbone.vocabulary_size
    most = max(64 * 8, vocabulary_size)  # positions; scales of embeddings
    assert max(np.prod(t.dims) for t in floats) <= most


@pytest.mark.processes
def test_half_precision_becomes_float32(tmp_path):
    model = make_model(dtype="mixed_bfloat16")
    encode = export(model, tmp_path)
    check_vectors(model, encode, atol=0.1)
    plain = make_model()
    plain.encoder.set_weights(model.encoder.get_weights())
    check_vectors(plain, encode)
