import json
import shutil

import keras
import numpy as np
import pytest
from support.exports import BACKEND
from support.exports import TEXTS
from support.exports import cannot_write
from support.exports import make_model
from support.exports import make_wide_model
from support.processes import run_python

from keras_mirror.unit_rows import unit_rows

on_tensorflow = pytest.mark.skipif(**cannot_write("saved_model"))

# What serves a SavedModel: TensorFlow and the ops of TensorFlow Text.
SERVE = """
import json
import pathlib
import sys

import numpy as np

for name in ("keras_mirror", "keras_hub"):
    sys.modules[name] = None

import tensorflow as tf
import tensorflow_text

texts = json.loads(sys.argv[1])
for folder in map(pathlib.Path, sys.argv[2:]):
    loaded = tf.saved_model.load(str(folder))
    for name in ("serving_default", "normalized"):
        embed = loaded.signatures[name]
        results = [embed(texts=tf.constant(texts))["embeddings"]]
        alone = [embed(texts=tf.constant([text])) for text in texts]
        results.append(np.concatenate([row["embeddings"] for row in alone]))
        np.save(folder / f"{name}.npy", np.stack(results))
        none = embed(texts=tf.constant([], tf.string))["embeddings"]
        assert none.shape == (0, results[0].shape[1]), none.shape
"""


def quantized(model):
    model.quantize("int8")
    return model


MODELS = {
    "Bert": lambda: make_model("Bert", "sentence").centered(TEXTS),
    "Roberta": lambda: make_model("Roberta", "sentence").whitened(TEXTS),
    "XLMRoberta": lambda: make_model("XLMRoberta", "paper_sentence"),
    "padded_mean": lambda: make_model(
        recipe="paper_sentence", pooling_mode="padded_mean"
    ),
    "int8": lambda: quantized(make_wide_model()),
}
SLOW_MODELS = {
    "DistilBert": lambda: make_model("DistilBert", "sentence"),
    "Albert": lambda: make_model("Albert", "sentence"),
    "Electra": lambda: make_model("Electra", "sentence"),
    "DebertaV3": lambda: make_model("DebertaV3", "paper_sentence"),
    "mixed_bfloat16": lambda: make_model(dtype="mixed_bfloat16"),
}


def export_and_serve(models, folder):
    """Vectors expected and served, in a process without keras_mirror."""
    expected = {}
    for name, model in models.items():
        model.export(folder / name, format="saved_model")
        expected[name] = model.encode_text(TEXTS)
    moved = folder.with_name("elsewhere")  # nothing is looked up where it was
    shutil.move(folder, moved)
    paths = [moved / name for name in models]
    run_python(SERVE, json.dumps(TEXTS), *paths, backend=BACKEND)
    return expected, moved


def check(expected, folder, atol=1e-5):
    raw, normalized = (
        np.load(folder / f"{name}.npy")
        for name in ("serving_default", "normalized")
    )
    for together_or_alone in raw:
        np.testing.assert_allclose(together_or_alone, expected, atol=atol)
    for together_or_alone in normalized:
        np.testing.assert_allclose(
            together_or_alone, unit_rows(expected), atol=atol
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    models = {name: make() for name, make in MODELS.items()}
    return export_and_serve(models, tmp_path_factory.mktemp("exported"))


@pytest.mark.processes
@on_tensorflow
@pytest.mark.parametrize("name", MODELS)
def test_strings_become_the_same_vectors(name, served):
    expected, folder = served
    check(expected[name], folder / name)


@pytest.mark.processes
@on_tensorflow
@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW_MODELS)
def test_strings_become_the_same_vectors_of_others(name, tmp_path):
    models = {name: SLOW_MODELS[name]()}
    (tmp_path / "new").mkdir()
    expected, folder = export_and_serve(models, tmp_path / "new")
    atol = 0.1 if name == "mixed_bfloat16" else 1e-5
    check(expected[name], folder / name, atol)


@pytest.mark.processes
@on_tensorflow
def test_what_lies_in_the_folder(served):
    folder = served[1] / "Bert"
    settings = json.loads((folder / "keras_mirror.json").read_text())
    assert settings["sequence_length"] == 24
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert 'library_name: "tensorflow"' in card
    assert "tf.saved_model.load" in card


@pytest.mark.processes
@on_tensorflow
def test_weights_are_written_once_and_int8_as_bytes(served, tmp_path):
    model = make_wide_model()
    num_bytes = 4 * model.encoder.count_params()
    model.export(tmp_path / "float", format="saved_model")
    assert num_bytes < size_of_weights(tmp_path / "float") < 1.1 * num_bytes
    assert size_of_weights(served[1] / "int8") < num_bytes / 2


def size_of_weights(folder):
    (path,) = folder.glob("variables/*.data-*")
    return path.stat().st_size


@on_tensorflow
def test_exporting_changes_nothing(tmp_path):
    model = make_model("XLMRoberta", "paper_sentence")
    before = model.encode_text(TEXTS)
    model.export(tmp_path / "folder", format="saved_model")
    np.testing.assert_array_equal(model.encode_text(TEXTS), before)


@on_tensorflow
def test_existing_folders_stay(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileExistsError, match="exists. Choose another folder"):
        make_model().export(tmp_path / "folder", format="saved_model")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow writes it")
@pytest.mark.parametrize("format", ["saved_model", "litert"])
def test_other_backends_say_what_to_do(format, tmp_path):
    with pytest.raises(ValueError) as error:
        make_model().export(tmp_path / "new.tflite", format=format)
    assert str(error.value) == (
        f"format='{format}' is written on the backend tensorflow. Received: "
        f"the backend {keras.backend.backend()}. Save the model and run "
        f"`keras-mirror export encoder.keras --format {format} --output ...`, "
        "which chooses its backend itself, or load the archive where "
        "KERAS_BACKEND=tensorflow"
    )
    assert not list(tmp_path.iterdir())
