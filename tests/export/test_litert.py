import pytest
from support.exports import cannot_write
from support.exports import check_vectors
from support.exports import make_model
from support.exports import make_wide_model

interpreter = pytest.importorskip(
    "ai_edge_litert.interpreter", reason="the extra [litert]"
)
PROCESSES = pytest.mark.processes
pytestmark = pytest.mark.skipif(**cannot_write("litert"))


def export(model, folder, **options):
    path = folder / "encoder.tflite"
    model.export(path, format="litert", **options)
    runner = interpreter.Interpreter(str(path)).get_signature_runner()
    return lambda inputs: runner(**inputs)["embeddings"]


@pytest.mark.parametrize(
    "family, recipe, mode",
    [
        ("Bert", "sentence", "mean"),
        pytest.param("XLMRoberta", "paper_sentence", "max", marks=PROCESSES),
        pytest.param("DistilBert", "paper_sentence", "cls", marks=PROCESSES),
    ],
)
def test_vectors(family, recipe, mode, tmp_path):
    model = make_model(family, recipe, pooling_mode=mode)
    check_vectors(model, export(model, tmp_path))
    card = (tmp_path / "encoder.tflite.md").read_text(encoding="utf-8")
    assert 'Interpreter("encoder.tflite")' in card


@pytest.mark.processes
def test_vectors_are_normalized_where_asked(tmp_path):
    model = make_model()
    encode = export(model, tmp_path, normalize=True)
    check_vectors(model, encode, normalize=True)


@pytest.mark.processes
def test_int8_weights_stay_int8(tmp_path):
    model = make_wide_model()
    export(model, tmp_path)
    large = (tmp_path / "encoder.tflite").stat().st_size
    for path in tmp_path.iterdir():
        path.unlink()
    model.quantize("int8")
    check_vectors(model, export(model, tmp_path))
    assert (tmp_path / "encoder.tflite").stat().st_size < large / 2


@pytest.mark.processes
def test_models_that_a_runtime_could_not_run_are_refused(tmp_path):
    with pytest.raises(ValueError) as error:
        export(make_model("DebertaV3", "paper_sentence"), tmp_path)
    message = str(error.value)
    assert message.startswith("LiteRT cannot hold this model: ")
    assert message.endswith(". Try format='onnx'")
    assert not list(tmp_path.iterdir())


def test_the_suffix_is_checked(tmp_path):
    with pytest.raises(ValueError, match="must end in .tflite"):
        make_model().export(tmp_path / "encoder", format="litert")
