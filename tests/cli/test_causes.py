"""Errors name their cause: the machine, the backend, or what in a file."""

import errno
import os
import shutil
import zipfile
from unittest import mock

import keras
import keras_hub
import pytest
from support.processes import run_python
from support.processes import tensorflow_is_installed
from support.texts import texts

import keras_mirror
from keras_mirror import machine_errors
from keras_mirror import startup
from keras_mirror.archive.checkpoint_file import read_facts
from keras_mirror.keras_settings import import_error
from keras_mirror.machine_errors import reason
from keras_mirror.presets import RECIPES_FILE
from keras_mirror.search import Index
from keras_mirror.store import database

load_preset = keras_mirror.MirrorModel.from_preset


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(texts(3)), encoding="utf-8")
    return path


@pytest.fixture
def index(model, archive, tmp_path):
    made = Index(model)
    made.add(texts(3))
    made.save(tmp_path / "texts.index", archive=archive)
    return tmp_path / "texts.index"


@pytest.fixture
def use(command, archive, index, preset, corpus, tmp_path):
    """Loads an archive, an index or a folder at the command line."""
    output = ["--output", tmp_path / "vectors.npy"]
    arguments = {
        "archive": ["encode", archive, corpus, *output],
        "index": ["search", index, "music"],
        "preset": ["encode", preset, corpus, *output],
    }
    return lambda name: command(*arguments[name])


def fail_with(error, monkeypatch):
    """Makes an error of whatever reads archives, indexes and presets."""

    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(keras.saving, "load_model", fail)
    monkeypatch.setattr(keras_hub.models.Backbone, "from_preset", fail)


# === The machine ===


def chained(cause):
    """As Keras wraps what it meets."""
    error = TypeError(f"config={'x' * 999}\n\nException encountered: {cause}")
    error.__context__ = cause
    return error


@pytest.mark.parametrize("name", ["archive", "preset"])
@pytest.mark.parametrize(
    "error, told",
    [
        (OSError(errno.ENOSPC, ""), "on device. Temporary files are in"),
        (OSError(errno.EMFILE, ""), "Raise the limit of open files"),
        (OSError(errno.EFBIG, ""), "Raise the limit of the size of files"),
        (OSError(errno.EAGAIN, ""), "cannot be read: Resource temporarily"),
        (OSError(errno.EACCES, "", "x.bin"), "denied ('x.bin')"),
        (MemoryError("of 9 GB"), "there is not enough memory. '"),
        (RuntimeError("CUDA out of memory."), "cannot be read: CUDA out of"),
        (chained(MemoryError()), "there is not enough memory. '"),
        (chained(OSError(errno.EIO, "")), "cannot be read: Input/output"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_machine_is_no_damage(use, monkeypatch, name, error, told):
    fail_with(error, monkeypatch)
    code, _, errors = use(name)
    assert (code, errors.count("\n")) == (1, 1)
    assert told in errors and "readable" not in errors
    assert "[Errno" not in errors


def test_an_index_that_may_not_be_read(use, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(database, "open", refuse, raising=False)
    code, _, errors = use("index")
    assert (code, errors.count("\n")) == (1, 1)
    assert "texts.index' cannot be read: Permission denied" in errors


def test_a_checkpoint_that_may_not_be_read(tmp_path, monkeypatch):
    path = tmp_path / "encoder.checkpoint.npz"
    path.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(ValueError, match="is not a training checkpoint, or"):
        read_facts(path)
    denied = mock.Mock(side_effect=OSError(errno.EACCES, ""))
    monkeypatch.setattr("zipfile.ZipFile", denied)
    with pytest.raises(PermissionError, match="npz' cannot be read: Permi"):
        read_facts(path)


@pytest.mark.parametrize("name", ["archive", "preset"])
def test_a_backend_without_a_device(use, monkeypatch, name):
    def fail(*arguments):
        raise AssertionError  # JAX, where there is no GPU

    fail_with(AssertionError(), monkeypatch)
    monkeypatch.setattr(keras.ops, "zeros", fail)
    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    code, _, errors = use(name)
    backend = keras.backend.backend()
    assert (code, errors.count("\n")) == (1, 1)
    assert f"The backend {backend} cannot start: AssertionError" in errors
    assert "Received: JAX_PLATFORMS=cuda" in errors


def test_the_path_that_the_system_names_is_told(command, archive, corpus):
    output = corpus / "vectors.npy"
    code, _, errors = command("encode", archive, corpus, "--output", output)
    assert code == 1 and "Not a directory" in errors
    assert str(output) in errors and "[Errno" not in errors


@pytest.mark.parametrize("name", ["encode", "info"])
def test_a_folder_named_as_an_archive(command, corpus, tmp_path, name):
    folder = tmp_path / "encoder.keras"
    folder.mkdir()
    more = [corpus, "--output", tmp_path / "x.npy"] if name == "encode" else []
    code, _, errors = command(name, folder, *more)
    assert code == 1
    assert f"Received: '{folder}', which is a folder" in errors


# === Paths that cannot be looked at ===


@pytest.fixture
def locked(tmp_path, monkeypatch):
    """A folder that may not be entered, which root always may."""
    folder, stat = tmp_path / "locked", os.stat

    def refuse(path, *arguments, **options):
        if str(path).startswith(f"{folder}{os.sep}"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return stat(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", refuse)
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        [
            "encode",
            "{archive}",
            "{locked}/a.txt",
            "--output",
            "{tmp_path}/x.npy",
        ],
        [
            "encode",
            "{locked}/a.keras",
            "{corpus}",
            "--output",
            "{tmp_path}/x.npy",
        ],
        ["encode", "{locked}/a", "{corpus}", "--output", "{tmp_path}/x.npy"],
        ["train", "{locked}/a.txt", "--output", "{tmp_path}/x.keras"],
        [
            "adapt",
            "{archive}",
            "{locked}/a.txt",
            "--output",
            "{tmp_path}/x.keras",
        ],
        ["search", "{locked}/a.index", "music"],
        ["info", "{locked}/a.keras"],
        ["evaluate", "{archive}", "{locked}/a.tsv"],
    ],
    ids=lambda arguments: " ".join(arguments[:3]),
)
def test_what_may_not_be_reached_is_not_just_missing(
    command, archive, corpus, locked, tmp_path, arguments
):
    names = {"archive": archive, "corpus": corpus, "locked": locked}
    names["tmp_path"] = tmp_path
    code, _, errors = command(*(each.format(**names) for each in arguments))
    assert (code, errors.count("\n")) == (1, 1), errors
    assert f"'{locked}{os.sep}a" in errors and "Permission denied" in errors


def test_a_folder_of_benchmarks_that_may_not_be_read(
    command, archive, tmp_path, monkeypatch
):
    denied = mock.Mock(side_effect=PermissionError(errno.EACCES, "denied", "x"))
    monkeypatch.setattr(os, "scandir", denied)
    code, _, errors = command("evaluate", archive, tmp_path)
    assert code == 1 and "'x': denied" in errors


def test_a_name_that_is_too_long(command, archive):
    code, _, errors = command("encode", archive, "x" * 300, "--output", "x.npy")
    assert code == 1 and "x' cannot be read: File name too long" in errors


def test_an_archive_that_cannot_be_adapted_is_no_wrong_use(
    command, corpus, tmp_path
):
    path = tmp_path / "other.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)
    output = tmp_path / "encoder.keras"
    code, _, errors = command("adapt", path, corpus, "--output", output)
    assert code == 1 and "must hold a MirrorModel" in errors


# === Keras of old ===


@pytest.mark.parametrize(
    "value, missing, is_told",
    [
        ("1", ["tf_keras"], True),
        ("1", [], False),
        ("1", ["tf_keras", "tensorflow_text"], False),
        ("0", ["tf_keras"], False),
    ],
)
def test_legacy_keras(monkeypatch, value, missing, is_told):
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", value)
    monkeypatch.setattr(startup, "_is_found", lambda name: name not in missing)
    if not is_told:
        startup.check_legacy_keras()
        return
    with pytest.raises(ImportError, match="Received: TF_USE_LEGACY_KERAS=1"):
        startup.check_legacy_keras()


LEGACY = """
import sys
sys.modules["tf_keras"] = None
try:
    import keras_mirror
except ImportError as error:
    print(error)
try:
    import keras_mirror_cli
    from keras_mirror import startup
    startup.import_keras(startup.choose_backend(None, debug=True))
except ImportError as error:
    print(error)
"""


@pytest.mark.processes
@pytest.mark.skipif(
    not tensorflow_is_installed(), reason="TensorFlow is not installed"
)
def test_legacy_keras_at_import():
    told = run_python(LEGACY, backend="tensorflow", TF_USE_LEGACY_KERAS="1")
    assert told.count("unset TF_USE_LEGACY_KERAS") == 2


# === Keras's settings, and what is not installed ===

IMPORT = """
import sys
for name in sys.argv[2].split(","):
    sys.modules[name] = None
try:
    if sys.argv[1] == "python":
        import keras_mirror
    else:
        import keras_mirror_cli
        from keras_mirror import startup
        startup.import_keras(startup.choose_backend(None, debug=True))
except Exception as error:
    print(f"{type(error).__name__}: {error}")
"""


@pytest.mark.processes
@pytest.mark.parametrize(
    "backend, settings, told",
    [
        ("", '{"backend": "numpy"}', "Received: numpy, by '{path}'"),
        (
            "",
            '{"backend": "theano"}',
            "'{path}', the settings of Keras, cannot",
        ),
        ("", "[1]", "'{path}', the settings of Keras, cannot"),
        ("torch", '{"floatx": "float3"}', "'{path}', the settings of Keras"),
    ],
)
def test_settings_of_keras_are_named(tmp_path, backend, settings, told):
    path = tmp_path / "keras.json"
    path.write_text(settings)
    printed = run_python(
        *(IMPORT, "command", "nothing"), backend=backend, KERAS_HOME=tmp_path
    )
    assert printed.startswith("ValueError: ")
    assert told.format(path=path) in printed


@pytest.mark.processes
def test_a_backend_that_cannot_compute_is_refused_at_import():
    printed = run_python(IMPORT, "python", "nothing", backend="numpy")
    assert "ValueError: The backend of Keras must be one of tens" in printed
    assert "Received: numpy, by KERAS_BACKEND" in printed


@pytest.mark.parametrize(
    "error, told",
    [
        (ModuleNotFoundError("no", name="torch.utils"), "keras-mirror[torch]"),
        (ModuleNotFoundError("no", name="jax"), "keras-mirror[jax]"),
        (ModuleNotFoundError("no", name="h5py"), "`pip install h5py`"),
        (OSError("libcudart.so.12"), "libcudart.so.12. Choose another"),
    ],
    ids=["backend", "of the settings", "other", "library"],
)
def test_what_is_not_installed_is_named(error, told):
    words = str(import_error(error, "torch"))
    assert told in words
    assert ("The backend" in words) == ("h5py" not in words)


# === Damages ===


@pytest.mark.parametrize(
    "error, told",
    [
        (chained(ValueError("it is\nwrong")), "it is wrong"),
        (ValueError("it is\nwrong"), "it is wrong"),
        (KeyError("config"), "KeyError: 'config'"),
        (RecursionError("maximum recursion depth"), "it is nested too deeply"),
        (AssertionError(), "AssertionError"),
        (zipfile.BadZipFile("it is no zip file"), "it is no zip file"),
        (ValueError("word " * 999), "word " * 59 + "..."),
    ],
    ids=lambda value: type(value).__name__,
)
def test_reasons(error, told):
    assert reason(error) == told
    assert len(told) <= machine_errors.MAX_REASON


@pytest.mark.parametrize(
    "file, content, told",
    [
        (RECIPES_FILE, b"[" * 100_000, "nested too deeply"),
        (RECIPES_FILE, b"\xff", "can't decode byte 0xff"),
        (RECIPES_FILE, b'{"sentence": [3]}', r"sentence=\[3\]"),
        ("tokenizer.json", b"{}", "KeyError: 'config'"),
        ("tokenizer.json", b"[" * 100_000, "nested too deeply"),
        ("config.json", b"[" * 100_000, "nested too deeply"),
        ("config.json", b'{"config": 3}', "Unrecognized format"),
        ("model.weights.h5", b"[" * 100_000, "file signature not found"),
        ("assets/tokenizer/vocabulary.txt", b"\xff", "can't decode byte 0xff"),
        ("assets/tokenizer/vocabulary.txt", b"a", r'Cannot find `oov_token="'),
    ],
)
def test_damaged_folders_are_named(preset, tmp_path, file, content, told):
    folder = shutil.copytree(preset, tmp_path / "preset")
    (folder / file).write_bytes(content)
    with pytest.raises(ValueError, match=told) as raised:
        load_preset(folder)
    assert str(folder) in str(raised.value) and len(str(raised.value)) < 700
