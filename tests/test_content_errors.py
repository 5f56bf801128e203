"""Damaged files that break other libraries are refused by their names."""

import errno
import io
import json
import os
import zipfile

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from support.archives import rewrite
from support.models import make_model

from keras_mirror import MirrorModel
from keras_mirror.archive.checkpoint_file import read_facts
from keras_mirror.archive.checkpoint_file import write_checkpoint
from keras_mirror.bulk.shard_folder import ShardFolder
from keras_mirror.content_errors import content_errors
from keras_mirror.data import read_texts
from keras_mirror.files import read_json
from keras_mirror.integrations.load_model import load_archive

DEEP = "[" * 100_000


class PanicException(BaseException):
    """As that of Rust in `tokenizers`."""


@pytest.mark.parametrize("error", [KeyError("x"), PanicException("x")])
def test_any_error_names_the_file(error):
    with pytest.raises(ValueError, match="^'x.json' cannot be read: .*Error|P"):
        with content_errors("x.json"):
            raise error


@pytest.mark.parametrize(
    "error",
    [
        *(KeyboardInterrupt(), ImportError()),
        ValueError("'x.json' is told already"),
    ],
    ids=repr,
)
def test_what_is_no_damage_stays(error):
    with pytest.raises(type(error)) as raised:
        with content_errors("x.json"):
            raise error
    assert raised.value is error


def test_a_failure_of_the_machine_is_no_damage():
    with pytest.raises(OSError, match="'x.json' cannot be read: No space left"):
        with content_errors("x.json"):
            raise OSError(errno.ENOSPC, "No space left on device")


# === Texts, JSON, checkpoints, folders of vectors ===


def test_json_that_is_nested_deeply(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(DEEP)
    with pytest.raises(ValueError, match="x.json must be a JSON file"):
        read_json(path)


def test_damaged_pages_of_parquet(tmp_path):
    path = tmp_path / "texts.parquet"
    parquet.write_table(pa.table({"text": ["a man"] * 99}), path)
    content = bytearray(path.read_bytes())
    content[8:40] = bytes(32)
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match="texts.parquet' is not a Parquet file"
    ):
        list(read_texts(path))


def test_a_checkpoint_whose_array_has_no_head(tmp_path):
    path = tmp_path / "e.checkpoint.npz"
    write_checkpoint(path, {"step": 1}, [np.ones(2)])
    file = io.BytesIO()
    np.save(file, np.array(json.dumps({})))
    head = file.getvalue().replace(b"}", b"{")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("facts.npy", head)
    with pytest.raises(ValueError, match="is not a training checkpoint"):
        read_facts(path)


@pytest.mark.parametrize(
    "text",
    ["{", DEEP, b"\xff\xff", "[]", '{"sha256": 7}'],
    ids=str.split("open deep bytes list number"),
)
def test_settings_of_a_folder_of_vectors(tmp_path, text):
    text = text if isinstance(text, bytes) else text.encode()
    (tmp_path / "_encoding.json").write_bytes(text)
    with pytest.raises(ValueError, match="_encoding.json' cannot be read"):
        ShardFolder(str(tmp_path)).settings()


def test_an_end_of_a_folder_of_vectors_that_is_no_text(tmp_path):
    folder = ShardFolder(str(tmp_path))
    folder.begin({})
    (tmp_path / "_SUCCESS").write_bytes(b"\xff\xbd")
    assert not folder.is_complete([])


# === Models ===


@pytest.mark.parametrize(
    "name, content",
    [
        ("model.weights.h5", b"\x89HDF\r\n"),
        ("config.json", DEEP.encode()),
        ("vocabulary.txt", b"\xff\xfe"),
    ],
)
def test_folders_of_keras_hub(preset, tmp_path, name, content):
    folder = tmp_path / "folder"
    os.makedirs(folder)
    for root, _, names in os.walk(preset):
        for each in names:
            target = folder / os.path.relpath(os.path.join(root, each), preset)
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(os.path.join(root, each), "rb") as file:
                target.write_bytes(content if each == name else file.read())
    with pytest.raises(ValueError, match=f"'{folder}'"):
        MirrorModel.from_preset(folder)


def test_a_failed_load_leaves_nothing_unpacked(archive, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    content = bytearray(archive.read_bytes())
    # The head before a file, which is not that of the directory at the end.
    place = content.index(b"vocabulary.txt")
    content[place : place + 3] = b"xxx"
    path = tmp_path / "damaged.keras"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a readable archive"):
        load_archive(path)
    assert os.listdir(temporary) == []


def _own_encoder():
    inner = make_model().encoder
    outputs = keras.layers.Dense(4)(inner(inner.input))
    encoder = keras.Model(inner.input, outputs)
    return MirrorModel(encoder, make_model().preprocessor)


@pytest.mark.parametrize("make", [make_model, _own_encoder])
def test_more_tokens_than_embeddings(make, tmp_path):
    archive, path = tmp_path / "encoder.keras", tmp_path / "other.keras"
    make().save(archive)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *range(10_000)]
    content = "\n".join(map(str, words)).encode()
    rewrite(archive, path, **{"vocabulary.txt": content})
    with pytest.raises(ValueError, match="at most as many tokens as its back"):
        load_archive(path)


def test_an_empty_vocabulary(tmp_path):
    source, path = tmp_path / "encoder.keras", tmp_path / "other.keras"
    make_model("XLMRoberta").save(source)
    rewrite(source, path, **{"vocabulary.spm": b""})
    with pytest.raises(ValueError, match="is not a readable archive"):
        load_archive(path)
