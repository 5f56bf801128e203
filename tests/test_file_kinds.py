"""Files that are not what their names say are told as what they are."""

import shutil

import pytest
from support.archives import change_config
from support.archives import rewrite
from support.zip_index import write_zip_index

from keras_mirror import MirrorModel
from keras_mirror.archive.reading import archive_card
from keras_mirror.data import read_texts
from keras_mirror.encoder.sentence_encoder import SentenceEncoder
from keras_mirror.files import read_json
from keras_mirror.integrations.load_model import load_archive
from keras_mirror.presets import RECIPES_FILE
from keras_mirror.store.zip_index import read_zip_index
from keras_mirror.version import __version__

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n"
PAGE = b"\n<!DOCTYPE html><html><title>Not found</title></html>"
IS_POINTER = "is a Git LFS pointer to the file. Run `git lfs pull`"
IS_PAGE = "is a web page, which a site sent instead of the file"


@pytest.mark.parametrize(
    "content, told",
    [
        (POINTER, IS_POINTER),
        (PAGE, IS_PAGE),
        (b"", "it is an empty file"),
        (b"\x89HDF\r\n\x1a\n", "it is a file of weights only"),
    ],
    ids=["pointer", "page", "empty", "weights"],
)
@pytest.mark.parametrize("read", [load_archive, read_zip_index])
def test_archives_and_indexes(tmp_path, read, content, told):
    path = tmp_path / "encoder.keras"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"encoder.keras' is not .*{told}"):
        read(path)


@pytest.mark.parametrize("content", [POINTER, PAGE], ids=["pointer", "page"])
@pytest.mark.parametrize(
    "file",
    [
        *("config.json", "tokenizer.json", RECIPES_FILE, "model.weights.h5"),
        "assets/tokenizer/vocabulary.txt",
    ],
)
def test_folders_of_keras_hub(preset, tmp_path, file, content):
    folder = shutil.copytree(preset, tmp_path / "preset")
    (folder / file).write_bytes(content)
    told = IS_POINTER if content == POINTER else IS_PAGE
    with pytest.raises(ValueError, match=told) as raised:
        MirrorModel.from_preset(folder)
    assert str(folder / file) in str(raised.value)


def test_a_pointer_beside_is_not_blamed(preset, tmp_path):
    folder = shutil.copytree(preset, tmp_path / "preset")
    (folder / "model.onnx").write_bytes(POINTER)
    (folder / RECIPES_FILE).write_bytes(b'{"sentence": [3]}')
    with pytest.raises(ValueError, match=r"sentence=\[3\]"):
        MirrorModel.from_preset(folder)


@pytest.mark.parametrize(
    "name, column",
    [
        *(("texts.txt", None), ("texts.gz", None), ("texts.csv", "text")),
        *(("texts.jsonl", "text"), ("texts.parquet", "text")),
    ],
)
def test_texts(tmp_path, name, column):
    path = tmp_path / name
    path.write_bytes(POINTER)
    with pytest.raises(ValueError, match=f"{name}' .*{IS_POINTER}"):
        list(read_texts(path, column=column))


def test_settings_of_a_folder(tmp_path):
    path = tmp_path / "modules.json"
    path.write_bytes(PAGE)
    with pytest.raises(ValueError, match=f"modules.json .*{IS_PAGE}"):
        read_json(path)


def test_an_index_is_no_archive_and_an_archive_no_index(
    model, archive, tmp_path
):
    write_zip_index(tmp_path / "texts.index", model, ["a man"])
    with pytest.raises(ValueError, match="it is an index, which `search` read"):
        load_archive(tmp_path / "texts.index")
    with pytest.raises(ValueError, match="it is the archive of a model, not"):
        read_zip_index(archive)


# === Newer software ===


def changed(archive, path, card):
    """An archive whose encoder has a setting that is not known here."""

    def change(config):
        config["encoder"]["config"]["rotation"] = 2

    between = change_config(archive, path.with_name("between.keras"), change)
    return rewrite(between, path, **{"README.md": card})


@pytest.mark.parametrize(
    "name, told",
    [("keras_mirror", "keras-mirror"), ("keras", "keras")],
)
def test_newer_software_is_told(archive, tmp_path, name, told):
    lines = archive_card(archive).splitlines()
    assert f"Written with keras_mirror {__version__}" in lines[-1]
    card = lines[-1].replace(f"{name} ", f"{name} 99.", 1)
    path = changed(archive, tmp_path / "encoder.keras", card.encode())
    with pytest.raises(
        ValueError, match="no such arguments.*rotation"
    ) as raised:
        load_archive(path)
    assert f"{told} 99." in str(raised.value)
    assert f"`pip install --upgrade {told}`" in str(raised.value)


@pytest.mark.parametrize("card", [b"", b"Written with keras_mirror 0.0.1."])
def test_older_software_is_not_blamed(archive, tmp_path, card):
    path = changed(archive, tmp_path / "encoder.keras", card)
    with pytest.raises(ValueError, match="no such arguments") as raised:
        load_archive(path)
    assert "newer" not in str(raised.value)


def test_an_encoder_takes_known_arguments_only(model):
    with pytest.raises(TypeError, match="no such arguments. Received: pooling"):
        SentenceEncoder(model.encoder.backbone, pooling="mean")
