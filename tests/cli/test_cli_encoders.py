"""Commands that only encode need Keras once, and no framework after that."""

import click
import keras
import numpy as np
import pytest
from support import texts as corpora
from support.processes import run_python

from keras_mirror.cli import encoders
from keras_mirror.forward import fitting_precision

TEXTS = corpora.texts(30)
RUN = """
import sys
import keras_mirror_cli
names = ("keras", "keras_hub", "tensorflow", "torch", "jax")
if sys.argv[1] == "without":
    sys.modules.update(dict.fromkeys(names))  # importing one raises ImportError
from keras_mirror.cli import run
try:
    run(sys.argv[2:])
finally:
    print("loaded", *(name for name in names if sys.modules.get(name)))
"""


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.processes
def test_second_command_loads_no_framework(archive, corpus, cache, tmp_path):
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("a man plays\ta woman plays\n")
    index, vectors = tmp_path / "texts.index", tmp_path / "vectors.npy"

    def run(how, *arguments):
        return run_python(
            RUN, how, *arguments, backend="torch", XDG_CACHE_HOME=str(cache)
        )

    first = run("with", "index", archive, corpus, "--output", index)
    assert "loaded keras keras_hub torch" in first
    for arguments in (
        ("search", index, TEXTS[3]),
        ("similarity", archive, pairs),
        ("encode", archive, corpus, "--output", vectors),
        ("index", archive, corpus, "--output", tmp_path / "again.index"),
        ("duplicates", archive, corpus, "--threshold", "0.99"),
    ):
        assert run("without", *arguments).splitlines()[-1].strip() == "loaded"
    assert TEXTS[3] in run("without", "search", index, TEXTS[3])
    assert np.load(vectors).shape == (len(TEXTS), 8)


@pytest.fixture
def encode(command, archive, corpus, tmp_path):
    """Runs `encode`; gives the vectors and what was told."""

    def call(*options):
        path = tmp_path / "vectors.npy"
        code, _, errors = command(
            *["encode", archive, corpus, "--output", path, "--overwrite"],
            *options,
        )
        assert code == 0, errors
        return np.load(path), errors

    return call


def test_vectors_are_those_of_keras(encode, model):
    expected = model.encode_text(TEXTS)
    for options in ([], [], ["--backend", keras.backend.backend()]):
        vectors, told = encode(*options)
        np.testing.assert_allclose(vectors, expected, atol=1e-5)
        assert "precision" not in told


def test_backend_means_keras(encode, monkeypatch, model):
    encode()
    monkeypatch.setattr(encoders, "_forward", None)
    encode("--backend", keras.backend.backend())


def test_backend_that_does_not_exist(archive, monkeypatch):
    encoders.open_encoder(str(archive), None, debug=True)  # keeps its graph
    monkeypatch.setenv("KERAS_BACKEND", "nonsense")
    with pytest.raises(click.UsageError, match="Received: KERAS_BACKEND=non"):
        encoders.open_encoder(str(archive), None, debug=True)


def test_precision_is_told(encode, monkeypatch):
    exact, _ = encode("--precision", "float32")
    rounded, told = encode("--precision", "int8")
    assert (
        "precision  int8; numbers of unit vectors differ from float32 by 0.0"
        in told
    )
    assert 0 < np.abs(rounded - exact).max() < 0.2
    monkeypatch.setattr(fitting_precision, "FEWEST", 30)
    monkeypatch.setattr(fitting_precision, "has_bfloat16", lambda: True)
    monkeypatch.setattr(fitting_precision, "largest_difference", lambda *_: 0)
    assert "precision  bfloat16; numbers" in encode()[1]


@pytest.mark.parametrize(
    "options, told",
    [
        (["--backend", keras.backend.backend()], "without --backend"),
        (["--output", "folder"], "--precision needs a file *.npy"),
    ],
)
def test_precision_where_there_is_none(
    command, archive, corpus, tmp_path, monkeypatch, options, told
):
    monkeypatch.chdir(tmp_path)
    code, _, errors = command(
        *["encode", archive, corpus, "--output", "v.npy"],
        *["--precision", "int8", *options],
    )
    assert code == 2 and told in errors


def test_gpu_is_for_many_texts(archive, monkeypatch, tmp_path):
    device = tmp_path / "nvidiactl"
    monkeypatch.setattr(encoders, "_GPU_DEVICES", (str(device),))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    kinds = []
    for exists, many, hidden in (
        (False, True, None),
        (True, True, None),
        (True, False, None),
        (True, True, "-1"),
        (True, True, ""),
    ):
        if exists:
            device.touch()
        if hidden is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        found = encoders.open_encoder(str(archive), None, True, many)
        kinds.append(type(found).__name__)
    forward = "ForwardEncoder"
    assert kinds == [forward, "MirrorModel", forward, forward, forward]


def test_second_time_needs_no_model(archive, monkeypatch):
    encoders.open_encoder(str(archive), None, True)
    monkeypatch.setattr(encoders, "open_model", None)
    found = encoders.open_encoder(str(archive), None, True)
    assert type(found).__name__ == "ForwardEncoder"


def test_keras_where_openvino_is_missing(archive, monkeypatch):
    find_spec = encoders.importlib.util.find_spec
    monkeypatch.setattr(
        encoders.importlib.util,
        "find_spec",
        lambda name: None if name == "openvino" else find_spec(name),
    )
    found = encoders.open_encoder(str(archive), None, True)
    assert type(found).__name__ == "MirrorModel"


def test_keras_where_openvino_does_not_run(archive, monkeypatch):
    def fail(*_):
        raise RuntimeError("no such instruction")

    monkeypatch.setattr("openvino.compile_model", fail)
    found = encoders.open_encoder(str(archive), None, True)
    assert type(found).__name__ == "MirrorModel"


def test_model_without_a_graph_is_run_by_keras(archive, monkeypatch):
    monkeypatch.setattr(
        "keras_mirror.forward.layers.LayerGraphs.graph_of", _refuse
    )
    found = encoders.open_encoder(str(archive), None, True)
    assert type(found).__name__ == "MirrorModel"


def _refuse(self, layer):
    from keras_mirror.forward.layers import UnsupportedLayerError

    raise UnsupportedLayerError("Unknown")
