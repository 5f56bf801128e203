import sys

import pytest
from support import hub
from support.folders import make_bert_folder

from keras_mirror.presets.registry import Distribution
from keras_mirror.presets.registry import NamedPreset
from keras_mirror.presets.registry import named_presets


@pytest.fixture(scope="session")
def tiny_files(tmp_path_factory):
    """A Hugging Face folder; the weights are larger than 1,000 bytes."""
    folder = tmp_path_factory.mktemp("files")
    make_bert_folder(folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text("{}")
    return folder


@pytest.fixture
def tiny(tiny_files, tmp_path, monkeypatch):
    """A named preset that is nowhere yet, and an empty cache."""
    hub.leave_network(monkeypatch, tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    preset = NamedPreset(
        name="tiny_en",
        kind="encoder",
        languages="English",
        license="MIT",
        num_weights=1,
        size=100_000,
        repository=hub.REPOSITORY,
        revision=hub.REVISION,
        files=hub.hashes(tiny_files),
        distribution=Distribution(
            "tiny-en-files", "1.0", "tiny_en_files/model", 100_000
        ),
    )
    monkeypatch.setitem(named_presets(), "tiny_en", preset)
    return preset
