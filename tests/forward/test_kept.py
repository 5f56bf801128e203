import os
import pathlib
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

try:
    import resource
except ImportError:  # Windows
    resource = None

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


def find(name):
    return loading.kept_encoder(loading.kept_place(name))


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
    encoder = find(archive)
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
    assert find(moved) is not None
    models.moved(model).save(moved)
    assert find(moved) is None
    assert not np.allclose(
        keras_mirror.load_forward(moved).encode_text(TEXTS),
        model.encode_text(TEXTS),
        atol=1e-3,
    )
    assert len(places()) == 2


def test_folder_of_a_preset(tmp_path, archive):
    preset = models.save_preset(tmp_path / "preset")
    encoder = keras_mirror.load_forward(preset)
    assert find(preset).fingerprint == encoder.fingerprint
    with open(os.path.join(preset, "config.json"), "a") as file:
        file.write("\n")
    assert find(preset) is None


@pytest.mark.parametrize(
    "name", ["graph.bin", "graph.xml", "settings.json", "sha256.json"]
)
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
    assert find(archive) is None
    np.testing.assert_allclose(
        keras_mirror.load_forward(archive).encode_text(TEXTS),
        model.encode_text(TEXTS),
        atol=1e-5,
    )
    assert find(archive) is not None


def test_settings_of_another_kind(archive):
    keras_mirror.load_forward(archive)
    [place] = places()
    settings = (place / "settings.json").read_text()
    (place / "settings.json").write_text(settings.replace("24", "23", 1))
    assert find(archive) is None
    (place / "settings.json").write_text(settings)
    assert find(archive) is not None
    for content in ("[]", "{}", "3", '{"graph.xml": 3}', "[" * 9999):
        (place / "sha256.json").write_text(content)
        assert find(archive) is None


def test_graph_of_another_openvino(archive):
    keras_mirror.load_forward(archive)
    [place] = places()
    text = (place / "graph.xml").read_text()
    (place / "graph.xml").write_text(text.replace("opset", "later"))
    kept.write_json(place / "sha256.json", kept._hashes(place))
    assert find(archive) is None
    assert keras_mirror.load_forward(archive).encode_text("a").shape == (1, 8)


@pytest.mark.parametrize("constant", ["FORMAT", "__version__"])
def test_other_versions_have_other_places(archive, monkeypatch, constant):
    before = kept.place_of(archive)
    monkeypatch.setattr(kept, constant, "other")
    assert kept.place_of(archive) != before


def test_archive_that_changes_while_it_is_loaded(archive, model, monkeypatch):
    load = loading.load_model

    def load_and_change(name):
        loaded = load(name)
        models.moved(model).save(archive)
        return loaded

    monkeypatch.setattr(loading, "load_model", load_and_change)
    keras_mirror.load_forward(archive)
    assert not places()


def test_file_with_the_name_of_a_preset(archive, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = keras_mirror.load_forward(archive).fingerprint
    shutil.move(archive, "mirror_student_en")
    assert find("mirror_student_en").fingerprint == expected


def test_folder_of_other_files_is_not_read(archive, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "large.bin").write_bytes(b"x")
    assert loading.kept_place(tmp_path / "data") is None


def test_names_of_files_count(archive, tmp_path):
    preset = pathlib.Path(models.save_preset(tmp_path / "preset"))
    before = loading.kept_place(preset)
    (preset / "config.json.bak").write_text("")
    between = loading.kept_place(preset)
    (preset / "config.json.bak").rename(preset / "config.json.old")
    assert len({before, between, loading.kept_place(preset)}) == 3


def test_default_prompt_and_padding_come_back(archive):
    start = models.make_model(pooling_mode="padded_mean")
    preprocessor = keras_mirror.MirrorPreprocessor(
        start.preprocessor.tokenizer,
        12,
        prompts={"query": "two dogs "},
        default_prompt_name="query",
    )
    recipe = start.recipe
    model = keras_mirror.MirrorModel(start.encoder, preprocessor, recipe)
    model.save(archive)
    keras_mirror.load_forward(archive)
    np.testing.assert_allclose(
        find(archive).encode_text(TEXTS), model.encode_text(TEXTS), atol=1e-5
    )


def test_place_of_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    below = pathlib.Path("keras-mirror", "forward")
    for cache in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", cache)
        assert kept.cache_folder() == tmp_path / ".cache" / below
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    assert kept.cache_folder() == tmp_path / "other" / below


def test_user_without_a_home(archive, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert keras_mirror.load_forward(archive).encode_text("a").shape == (1, 8)
    assert loading.kept_place(archive) is None


def test_cache_that_can_only_be_read(archive, monkeypatch):
    keras_mirror.load_forward(archive)
    monkeypatch.setattr(os, "utime", _denied)
    assert find(archive) is not None


def _denied(*_):
    raise PermissionError(13, "Permission denied")


@pytest.mark.skipif(resource is None, reason="no limits here")
def test_full_disk(archive):
    encoder = keras_mirror.load_forward(archive)
    [place] = places()
    shutil.rmtree(place)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
    try:
        loading.keep_encoder(encoder, archive, place)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not places()


def test_unknown_precision_of_a_kept_graph(archive):
    keras_mirror.load_forward(archive)
    with pytest.raises(ValueError, match="`precision` must be one of"):
        keras_mirror.load_forward(archive, "float16")


def test_those_used_last_stay(archive, monkeypatch):
    monkeypatch.setattr(kept, "MOST_KEPT", 2)
    encoder = keras_mirror.load_forward(archive)
    [first] = places()
    os.utime(first, (1, 1))
    second = first.with_name("second")
    kept.keep(encoder, second)
    os.utime(second, (2, 2))
    assert find(archive) is not None  # used: the newest now
    kept.keep(encoder, first.with_name("third"))
    assert {path.name for path in places()} == {first.name, "third"}


def test_cache_that_cannot_be_written(archive, tmp_path, model):
    (tmp_path / "cache").write_text("a file")
    np.testing.assert_allclose(
        keras_mirror.load_forward(archive).encode_text(TEXTS),
        model.encode_text(TEXTS),
        atol=1e-5,
    )
    assert find(archive) is None


def test_missing_archive(tmp_path):
    with pytest.raises(FileNotFoundError):
        keras_mirror.load_forward(tmp_path / "missing.keras")
    with pytest.raises(ValueError, match="`preset` must be"):
        keras_mirror.load_forward("no_such_preset")


def test_without_openvino(archive, monkeypatch):
    encoder = keras_mirror.load_forward(archive)
    assert isinstance(encoder, ForwardEncoder)
    find_spec = loading.importlib.util.find_spec
    monkeypatch.setattr(
        loading.importlib.util,
        "find_spec",
        lambda name: None if name == "openvino" else find_spec(name),
    )
    assert find(archive) is None


def test_bundled_preset(archive):
    assert models_of_files.is_archive(archive)
    first = keras_mirror.load_forward("mirror_student_en")
    assert find("mirror_student_en").fingerprint == (first.fingerprint)
