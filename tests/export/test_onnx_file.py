import json
import sys

import keras
import numpy as np
import pytest
import tokenizers
from support.exports import BACKEND
from support.exports import TEXTS
from support.exports import cannot_write
from support.exports import make_model

import keras_mirror
from keras_mirror.export.forward_model import forward_model
from keras_mirror.export.onnx import model as onnx_model
from keras_mirror.export.onnx.model import store_int8_kernels

onnx = pytest.importorskip("onnx", reason="the extra [onnx]")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra [onnx]")
on_its_backends = pytest.mark.skipif(**cannot_write("onnx"))


def export(model, folder, **options):
    path = folder / "encoder.onnx"
    model.export(path, format="onnx", **options)
    return onnxruntime.InferenceSession(str(path))


# === What a user sees ===


@on_its_backends
def test_the_file_says_how_ids_are_made(tmp_path):
    model = make_model("Roberta")
    session = export(model, tmp_path)
    inputs = [(i.name, i.shape, i.type) for i in session.get_inputs()]
    shape = ["batch", "length"]
    assert sorted(inputs) == [
        ("padding_mask", shape, "tensor(int32)"),
        ("token_ids", shape, "tensor(int32)"),
    ]
    (output,) = session.get_outputs()
    assert (output.name, output.shape) == ("embeddings", ["batch", 8])
    properties = session.get_modelmeta().custom_metadata_map
    settings = {name: json.loads(text) for name, text in properties.items()}
    assert settings == {
        "keras_mirror_version": keras_mirror.__version__,
        "recipe": model.recipe.get_config(),
        "sequence_length": 24,
        "padding": "longest",
        "start_token_id": 0,
        "end_token_id": 2,
        "pad_token_id": 1,
        "normalize": False,
        "int8": False,
    }
    content = (tmp_path / "encoder.onnx").read_bytes()
    assert b"site-packages" not in content
    card = (tmp_path / "encoder.onnx.md").read_text(encoding="utf-8")
    assert 'library_name: "onnx"' in card
    assert "Vectors are not normalized." in card
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "encoder.onnx",
        "encoder.onnx.md",
    ]


@on_its_backends
@pytest.mark.parametrize(
    "family", ["Bert", pytest.param("Roberta", marks=pytest.mark.processes)]
)
def test_the_cards_way_without_keras(family, tmp_path):
    model = make_model(family)
    session = export(model, tmp_path)
    model.export(tmp_path / "folder")
    card = (tmp_path / "encoder.onnx.md").read_text(encoding="utf-8")
    code = card.split("```python\n")[3].split("```")[0]
    assert "import keras" not in code
    code = code.replace("folder/", f"{tmp_path}/folder/")
    code = code.replace('["A man is playing a guitar."]', "TEXTS")
    names = {"session": session, "TEXTS": TEXTS, "tokenizers": tokenizers}
    exec(code, names)
    np.testing.assert_allclose(
        names["vectors"], model.encode_text(TEXTS), atol=1e-5
    )
    inputs = model.preprocessor(TEXTS)  # the card's other way
    vectors = session.run(["embeddings"], inputs)[0]
    np.testing.assert_allclose(vectors, names["vectors"], atol=1e-5)


# === What is refused ===


@pytest.mark.skipif(BACKEND != "jax", reason="the other backends write it")
@pytest.mark.parametrize("format", ["onnx", "openvino"])
def test_jax_says_what_to_do(format, tmp_path):
    with pytest.raises(ValueError) as error:
        make_model().export(tmp_path / "encoder.onnx", format=format)
    assert str(error.value) == (
        f"format='{format}' is written on the backend tensorflow or torch. "
        "Received: the backend jax. Save the model and run `keras-mirror "
        f"export encoder.keras --format {format} --output ...`, which chooses "
        "its backend itself, or load the archive where "
        "KERAS_BACKEND=tensorflow"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.processes
@pytest.mark.skipif(BACKEND != "torch", reason="TensorFlow can")
def test_torch_says_which_model_it_cannot_convert(tmp_path):
    model = make_model("DebertaV3")
    with pytest.raises(ValueError) as error:
        model.export(tmp_path / "encoder.onnx", format="onnx")
    message = str(error.value)
    assert message.startswith("PyTorch cannot convert this model to ONNX: ")
    assert message.endswith(". Try KERAS_BACKEND=tensorflow")
    assert not list(tmp_path.iterdir())


@on_its_backends
@pytest.mark.parametrize("name", ["encoder.onnx", "encoder.onnx.md"])
def test_existing_files_stay(name, tmp_path):
    (tmp_path / name).write_text("mine")
    with pytest.raises(FileExistsError) as error:
        export(make_model(), tmp_path)
    assert str(error.value) == (
        f"'{tmp_path / name}' exists. Choose another file or remove it first"
    )
    assert (tmp_path / name).read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_wrong_arguments(tmp_path):
    model = make_model()
    with pytest.raises(ValueError) as error:
        model.export(tmp_path / "encoder.txt", format="onnx")
    assert str(error.value) == (
        f"`filepath` must end in .onnx. Received: '{tmp_path / 'encoder.txt'}'"
    )
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        model.export(tmp_path / "no" / "encoder.onnx", format="onnx")
    if BACKEND != "jax":
        with pytest.raises(ValueError) as error:
            export(model, tmp_path, normalize="yes")
        assert str(error.value) == (
            "`normalize` must be a boolean. Received: normalize='yes'"
        )


@on_its_backends
def test_too_large_models_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_model, "MAX_BYTES", 10_000)
    with pytest.raises(ValueError, match="must hold less than 2 GB"):
        export(make_model(), tmp_path)


@on_its_backends
@pytest.mark.parametrize("missing", ["onnx", "converter"])
def test_a_missing_extra_is_named(missing, tmp_path, monkeypatch):
    converter = {"tensorflow": "tf2onnx", "torch": "onnxscript"}[BACKEND]
    name = converter if missing == "converter" else missing
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError) as error:
        export(make_model(), tmp_path)
    assert 'pip install "keras-mirror[onnx]"' in str(error.value)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_other_encoders_of_half_precision_are_refused(tmp_path):
    model = make_model(dtype="mixed_bfloat16")
    inputs = model.encoder.input
    encoder = keras.Model(inputs, model.encoder(inputs) * 2.0)
    other = keras_mirror.MirrorModel(encoder, model.preprocessor, model.recipe)
    with pytest.raises(ValueError) as error:
        forward_model(other, False)
    assert str(error.value) == (
        "An encoder that is quantized, or is no `SentenceEncoder`, must "
        "compute in float32 to be exported. Received: an encoder that "
        "computes in bfloat16. A quantized encoder computes in float32 after "
        "it is saved and loaded"
    )


# === Parts ===


def test_kernels_are_stored_as_int8_where_nothing_is_lost():
    arrays = {
        "int8": np.array([[-127.0, 3.0]], "float32"),
        "broken": np.array([[0.5, 3.0]], "float32"),
        "large": np.array([[128.0, 3.0]], "float32"),
        "vector": np.array([1.0, 2.0], "float32"),
    }
    value = onnx.helper.make_tensor_value_info
    names = list(arrays)
    shapes = {name: array.shape for name, array in arrays.items()}
    outputs = [value(f"{name}_out", 1, shapes[name]) for name in names]
    nodes = [
        onnx.helper.make_node("Identity", [name], [f"{name}_out"])
        for name in names
    ]
    tensors = [
        onnx.numpy_helper.from_array(arrays[name], name) for name in names
    ]
    graph = onnx.helper.make_graph(nodes, "graph", [], outputs, tensors)
    store_int8_kernels(graph)
    types = {tensor.name: tensor.data_type for tensor in graph.initializer}
    int8 = onnx.TensorProto.INT8
    assert [name for name, kind in types.items() if kind == int8] == [
        "int8/int8"
    ]
    opsets = [onnx.helper.make_opsetid("", 18)]
    proto = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    for array, output in zip(
        arrays.values(), session.run(None, {}), strict=True
    ):
        np.testing.assert_array_equal(array, output)
