import os
import re

import keras
import pytest
from support.exports import TEXTS
from support.exports import cannot_write
from support.models import make_model
from support.processes import INSTALLED
from support.processes import run_python

from keras_mirror.cli.export import MARKERS
from keras_mirror.cli.export import SUFFIXES
from keras_mirror.cli.export import _choose_backend
from keras_mirror.encoder.quantization import is_quantized
from keras_mirror.export.backends import EXPORT_BACKENDS

BACKEND = keras.backend.backend()


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "encoder.keras"
    model = make_model()
    model.compile()
    model.save(path)
    return path


def run(command, archive, format, output, *options):
    return command(
        "export", archive, "--format", format, "--output", output, *options
    )


def test_a_small_archive(command, archive, tmp_path):
    output = tmp_path / "small.keras"
    code, stdout, stderr = run(command, archive, "keras", output, "--int8")
    assert (code, stdout) == (0, ""), stderr
    assert "format   keras, int8\n" in stderr
    assert f"backend  {BACKEND}\n" in stderr
    assert f"written  {output}, 0." in stderr
    assert is_quantized(keras.saving.load_model(output))
    assert output.stat().st_size < archive.stat().st_size


@pytest.mark.parametrize("is_folder", [True, False])
def test_nothing_is_overwritten_unless_asked(
    is_folder, command, archive, tmp_path
):
    format, name = (
        ("sentence-transformers", "folder")
        if is_folder
        else ("keras", "small.keras")
    )
    output = tmp_path / name
    assert run(command, archive, format, output)[0] == 0
    extra = output / "mine" if is_folder else output
    extra.write_text("mine")
    code, _, stderr = run(command, archive, format, output)
    assert code == 2
    assert stderr.count("\n") == 1
    assert f"'{output}' exists. Choose another --output, or add" in stderr
    assert extra.read_text() == "mine"
    assert run(command, archive, format, output, "--overwrite")[0] == 0
    assert not extra.exists() if is_folder else output.stat().st_size > 1000
    assert sorted(os.listdir(tmp_path)) == sorted([archive.name, name])


def test_folders_of_something_else_are_never_replaced(
    command, archive, tmp_path
):
    code, _, stderr = run(
        command, archive, "sentence-transformers", tmp_path, "--overwrite"
    )
    assert code == 2
    assert (
        f"'{tmp_path}' exists and is no earlier export: it has no modules.json"
    ) in stderr
    assert archive.exists()


@pytest.mark.skipif(**cannot_write("onnx"))
def test_files_have_their_card_beside(command, archive, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    output = tmp_path / "encoder.onnx"
    card = tmp_path / "encoder.onnx.md"
    card.write_text("mine")
    code, _, stderr = run(command, archive, "onnx", output)
    assert code == 2 and f"'{card}' exists" in stderr
    code, _, stderr = run(
        command, archive, "onnx", output, "--normalize", "--overwrite"
    )
    assert code == 0, stderr
    assert re.search("tokenizer +in an export without --format", stderr)
    assert card.read_text(encoding="utf-8").startswith("---\n")
    session = onnxruntime.InferenceSession(str(output))
    model = keras.saving.load_model(archive)
    vectors = session.run(None, model.preprocessor(TEXTS))[0]
    assert ((vectors**2).sum(axis=-1).round(4) == 1).all()


@pytest.mark.parametrize(
    "format, name, options, expected",
    [
        ("onnx", "a.txt", [], "--output must end in .onnx. Received: "),
        ("litert", "a.onnx", [], "--output must end in .tflite. Received: "),
        ("saved_model", "a", ["--normalize"], "--normalize is not for saved"),
        ("keras", "a.keras", ["--no-normalize"], "--normalize is not for ker"),
        ("sentence-transformers", "a", ["--int8"], "--int8 is not for sent"),
        ("pickle", "a", [], "'pickle' is not one of"),
    ],
)
def test_wrong_use(format, name, options, expected, command, archive, tmp_path):
    output = tmp_path / name
    code, _, stderr = run(command, archive, format, output, *options)
    assert code == 2
    assert stderr.startswith("keras-mirror: error: ")
    assert expected in stderr and stderr.count("\n") == 1
    assert not output.exists()


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow can")
def test_a_backend_that_cannot_is_told(command, archive, tmp_path):
    code, _, stderr = run(
        command, archive, "saved_model", tmp_path / "a", "--backend", BACKEND
    )
    assert code == 2
    assert f"Received: the backend {BACKEND}." in stderr
    assert os.listdir(tmp_path) == [archive.name]


@pytest.mark.parametrize(
    "format, given, environment, expected",
    [
        ("keras", None, "jax", None),  # Keras's own choice
        ("onnx", None, "torch", "torch"),
        ("onnx", None, "jax", "tensorflow"),
        ("onnx", "jax", "torch", "jax"),  # the library says why not
        ("saved_model", None, "torch", "tensorflow"),
        ("saved_model", None, None, "tensorflow"),
    ],
)
def test_the_backend_is_one_that_can(
    format, given, environment, expected, monkeypatch
):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if environment:
        monkeypatch.setenv("KERAS_BACKEND", environment)
    assert _choose_backend(format, given) == expected


def test_only_pytorch_is_installed(monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    is_torch = "torch".__eq__
    monkeypatch.setattr("importlib.util.find_spec", is_torch)
    assert _choose_backend("onnx", None) == "torch"
    assert _choose_backend("litert", None) == "tensorflow"  # fails with a hint


def test_every_format_has_its_kind_of_output():
    assert {*SUFFIXES, *MARKERS} == {*EXPORT_BACKENDS}


EXPORT = """
import sys
import keras_mirror_cli

sys.argv = sys.argv[1:]
keras_mirror_cli.main()
"""


@pytest.mark.slow
@pytest.mark.skipif("tensorflow" not in INSTALLED, reason="needs TensorFlow")
@pytest.mark.parametrize(
    "format, name, made",
    [
        ("onnx", "a.onnx", "a.onnx.md"),
        ("openvino", "a", "a/model.xml"),
        ("saved_model", "a", "a/saved_model.pb"),
        ("litert", "a.tflite", "a.tflite.md"),
    ],
)
def test_whatever_the_backend_is(format, name, made, archive, tmp_path):
    arguments = ["export", archive, "--format", format, "--output"]
    for options in ([], ["--overwrite"]):
        run_python(
            EXPORT,
            *["keras-mirror", *arguments, tmp_path / name, *options],
            backend="jax",
        )
    assert (tmp_path / made).is_file()
