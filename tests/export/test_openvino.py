import sys

import pytest
from support.exports import cannot_write
from support.exports import check_vectors
from support.exports import make_model
from support.exports import make_wide_model

openvino = pytest.importorskip("openvino", reason="the extra [openvino]")
pytest.importorskip("onnx", reason="the extra [openvino]")
pytestmark = pytest.mark.skipif(**cannot_write("openvino"))


def export(model, folder, **options):
    model.export(folder, format="openvino", **options)
    encoder = openvino.compile_model(
        folder / "model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    return lambda inputs: encoder(inputs)["embeddings"]


@pytest.mark.processes
@pytest.mark.parametrize(
    "family, recipe", [("Bert", "sentence"), ("Roberta", "paper_sentence")]
)
def test_vectors(family, recipe, tmp_path):
    model = make_model(family, recipe)
    folder = tmp_path / "folder"
    check_vectors(model, export(model, folder))
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "model.bin",
        "model.xml",
    ]
    info = openvino.Core().read_model(folder / "model.xml")
    settings = info.get_rt_info("keras_mirror")
    assert settings["sequence_length"] == "24"
    assert settings["normalize"] == "false"


@pytest.mark.processes
def test_int8_weights_stay_int8(tmp_path):
    model = make_wide_model()
    model.quantize("int8")
    encode = export(model, tmp_path / "folder", normalize=True)
    check_vectors(model, encode, normalize=True)
    card = (tmp_path / "folder" / "README.md").read_text(encoding="utf-8")
    assert "Vectors have length 1. Most weights are int8." in card
    assert 'config={"INFERENCE_PRECISION_HINT": "f32"}' in card
    size = (tmp_path / "folder" / "model.bin").stat().st_size
    assert size < 4 * model.encoder.count_params() / 2


def test_existing_folders_stay(tmp_path):
    with pytest.raises(FileExistsError, match="exists. Choose another folder"):
        make_model().export(tmp_path, format="openvino")


@pytest.mark.parametrize("name", ["openvino", "onnx"])
def test_a_missing_extra_is_named(name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError) as error:
        make_model().export(tmp_path / "folder", format="openvino")
    assert 'pip install "keras-mirror[openvino]"' in str(error.value)
    assert not list(tmp_path.iterdir())
