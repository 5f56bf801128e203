import os
import shutil

import numpy as np
import pytest
from support import models
from support import texts as corpora

import keras_mirror
from keras_mirror.forward import kept
from keras_mirror.forward import load_forward as loading
from keras_mirror.forward.forward_encoder import ForwardEncoder
from keras_mirror.integrations import load_model as models_of_files

TEXTS = corpora.texts(20)


@pytest.fixture
def model():
    return models.make_model(pooling_mode="mean")


@pytest.fixture
def archive(model, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "encoder.keras"
    model.save(path)
    return path


def places():
    folder = kept.cache_folder()
    return sorted(folder.iterdir()) if folder.is_dir() else []


def test_second_time_needs_no_keras(archive, model, monkeypatch):
    first = keras_mirror.load_forward(archive)
    monkeypatch.setattr(loading, "load_model", None)
    second = keras_mirror.load_forward(archive)
    assert second.fingerprint == first.fingerprint
    np.testing.assert_array_equal(
        second.encode_text(TEXTS), first.encode_text(TEXTS)
    )
    assert keras_mirror.load_forward(archive, "int8").precision == "int8"


def test_settings_come_back(archive, monkeypatch):
    start = models.make_model()
    preprocessor = keras_mirror.MirrorPreprocessor(
        start.preprocessor.tokenizer, 9, prompts={"query": "two dogs "}
    )
    model = keras_mirror.MirrorModel(start.encoder, preprocessor)
    model.save(archive)
    loading.load_forward(archive)
    encoder = loading.kept_encoder(archive)
    assert encoder.preprocessor.sequence_length == 9
    assert encoder.preprocessor.max_text_tokens == 7
    np.testing.assert_allclose(
        encoder.encode_text(TEXTS, prompt="query"),
        model.encode_text(TEXTS, prompt="query"),
        atol=1e-5,
    )


def test_moved_file_is_found_and_changed_one_is_not(archive, model, tmp_path):
    keras_mirror.load_forward(archive)
    moved = shutil.move(archive, tmp_path / "other.keras")
    assert loading.kept_encoder(moved) is not None
    models.moved(model).save(moved)
    assert loading.kept_encoder(moved) is None
    assert not np.allclose(
        keras_mirror.load_forward(moved).encode_text(TEXTS),
        model.encode_text(TEXTS),
        atol=1e-3,
    )
    assert len(places()) == 2


def test_folder_of_a_preset(tmp_path, archive):
    preset = models.save_preset(tmp_path / "preset")
    encoder = keras_mirror.load_forward(preset)
    assert loading.kept_encoder(preset).fingerprint == encoder.fingerprint
    with open(os.path.join(preset, "config.json"), "a") as file:
        file.write("\n")
    assert loading.kept_encoder(preset) is None


@pytest.mark.parametrize("name", ["graph.bin", "graph.xml", "settings.json"])
@pytest.mark.parametrize("damage", ["cut", "changed", "removed"])
def test_damaged_graph_is_made_anew(archive, model, name, damage):
    keras_mirror.load_forward(archive)
    [place] = places()
    content = (place / name).read_bytes()
    if damage == "removed":
        (place / name).unlink()
    elif damage == "cut":
        (place / name).write_bytes(content[:-9])
    else:
        (place / name).write_bytes(b"\0" + content[1:])
    assert loading.kept_encoder(archive) is None
    np.testing.assert_allclose(
        keras_mirror.load_forward(archive).encode_text(TEXTS),
        model.encode_text(TEXTS),
        atol=1e-5,
    )
    assert loading.kept_encoder(archive) is not None


def test_settings_of_another_kind(archive):
    keras_mirror.load_forward(archive)
    [place] = places()
    for content in ("[]", "{}", '{"sha256": 3}'):
        (place / "settings.json").write_text(content)
        assert loading.kept_encoder(archive) is None


def test_those_used_last_stay(archive, monkeypatch):
    monkeypatch.setattr(kept, "MOST_KEPT", 2)
    encoder = keras_mirror.load_forward(archive)
    [first] = places()
    os.utime(first, (1, 1))
    second = first.with_name("second")
    kept.keep(encoder, second)
    os.utime(second, (2, 2))
    assert loading.kept_encoder(archive) is not None  # used: the newest now
    kept.keep(encoder, first.with_name("third"))
    assert {path.name for path in places()} == {first.name, "third"}


def test_cache_that_cannot_be_written(archive, tmp_path, model):
    (tmp_path / "cache").write_text("a file")
    np.testing.assert_allclose(
        keras_mirror.load_forward(archive).encode_text(TEXTS),
        model.encode_text(TEXTS),
        atol=1e-5,
    )
    assert loading.kept_encoder(archive) is None


def test_missing_archive(tmp_path):
    with pytest.raises(FileNotFoundError):
        keras_mirror.load_forward(tmp_path / "missing.keras")
    with pytest.raises(ValueError, match="`preset` must be"):
        keras_mirror.load_forward("no_such_preset")


def test_without_openvino(archive, monkeypatch):
    encoder = keras_mirror.load_forward(archive)
    assert isinstance(encoder, ForwardEncoder)
    find = loading.importlib.util.find_spec
    monkeypatch.setattr(
        loading.importlib.util,
        "find_spec",
        lambda name: None if name == "openvino" else find(name),
    )
    assert loading.kept_encoder(archive) is None


def test_bundled_preset(archive):
    assert models_of_files.is_archive(archive)
    first = keras_mirror.load_forward("mirror_student_en")
    assert loading.kept_encoder("mirror_student_en").fingerprint == (
        first.fingerprint
    )
