import io
import shutil
import struct
import zipfile

import h5py
import numpy as np
import pytest
from support.archives import change_config
from support.archives import rewrite
from support.models import FAMILIES
from support.models import make_backbone
from support.models import make_model

from keras_mirror import MirrorModel
from keras_mirror.archive import declared_sizes
from keras_mirror.archive import limits
from keras_mirror.archive import weight_count
from keras_mirror.archive.declared_sizes import declared_weights
from keras_mirror.archive.reading import archive_info
from keras_mirror.integrations.load_model import as_model
from keras_mirror.integrations.load_model import load_archive
from keras_mirror.store.zip_index import read_zip_index


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("limits") / "encoder.keras"
    make_model().save(path)
    return path


def weights(**datasets):
    """A file of weights; each dataset has a shape, and no bytes."""
    file = io.BytesIO()
    with h5py.File(file, "w") as content:
        for name, shape in datasets.items():
            content.create_dataset(
                f"encoder/{name}", shape, "float32", chunks=True, fillvalue=1.0
            )
    return file.getvalue()


def deep_weights(depth):
    file = io.BytesIO()
    with h5py.File(file, "w") as content:
        group = content
        for _ in range(depth):
            group = group.create_group("a")
    return file.getvalue()


# === Members ===


@pytest.mark.parametrize("read", [archive_info, load_archive, as_model])
@pytest.mark.parametrize(
    "name",
    ["../planted", "/tmp/planted", "assets/../../planted", "assets//planted"]
    + ["assets\\planted", "model.weights.npz", "other/file"],
)
def test_other_members_are_refused(archive, tmp_path, read, name):
    path = rewrite(archive, tmp_path / "hostile.keras")
    with zipfile.ZipFile(path, "a") as hostile:
        hostile.writestr(name, "x")
    with pytest.raises(ValueError, match="its members must be config.json"):
        read(path)


def test_a_member_that_is_there_twice_is_refused(archive, tmp_path):
    path = rewrite(archive, tmp_path / "hostile.keras")
    with zipfile.ZipFile(path, "a") as hostile:
        with pytest.warns(UserWarning, match="Duplicate name"):
            hostile.writestr("config.json", "{}")
    with pytest.raises(ValueError, match="must have different names"):
        load_archive(path)


@pytest.mark.parametrize(
    "limit, most, message",
    [
        ("MAX_JSON_BYTES", 100, "'config.json' must have at most 100 bytes"),
        ("MAX_BYTES", 100, "/.*' must have at most 100 bytes. Received: "),
        ("MAX_MEMBERS", 3, "it must have at most 3 members. Received: "),
        ("_MAX_UNPACKED", 0, "it must unpack to at most "),
    ],
)
def test_what_is_too_much_is_not_read(
    archive, tmp_path, monkeypatch, limit, most, message
):
    monkeypatch.setattr(limits, limit, most)
    if limit == "_MAX_UNPACKED":
        monkeypatch.setattr(limits, "_MAX_RATIO", 1)
        packed = tmp_path / "packed.keras"
        archive = rewrite(archive, packed, zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match=message):
        archive_info(archive)


@pytest.mark.parametrize("read", [archive_info, read_zip_index])
def test_a_long_directory_is_not_listed(tmp_path, monkeypatch, read):
    path = tmp_path / "many.keras"
    with zipfile.ZipFile(path, "w") as hostile:
        for number in range(20_000):
            hostile.writestr(f"assets/{number}", "")
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(ValueError, match="at most 1000 members. Received: a d"):
        read(path)


def with_entry(archive, path, member, place, value):
    """A copy of an archive, a number of the entry of a member changed."""
    data = bytearray(archive.read_bytes())
    start = data.rfind(b"PK\x01\x02", 0, data.rfind(member.encode()))
    struct.pack_into("<I", data, start + place, value)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "place, value, message",
    [
        (
            42,
            10**9,
            "a member starts beyond the end|Truncated|is not a readable",
        ),
        (24, 10**8, "must have the size that it declares"),
    ],
    ids=["offset", "size"],
)
@pytest.mark.parametrize("read", [archive_info, load_archive])
def test_a_directory_that_lies(archive, tmp_path, read, place, value, message):
    path = tmp_path / "hostile.keras"
    with_entry(archive, path, "model.weights.h5", place, value)
    with pytest.raises(ValueError, match=f"hostile.keras.*({message})"):
        read(path)


def test_compressed_weights_are_no_bomb(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "_FREE_WEIGHT_BYTES", 0)
    content = {"model.weights.h5": bytes(2**20)}
    path = tmp_path / "hostile.keras"
    rewrite(archive, path, zipfile.ZIP_DEFLATED, **content)
    with pytest.raises(
        ValueError, match="'model.weights.h5' must have at most"
    ):
        load_archive(path)


@pytest.mark.parametrize(
    "family, name",
    [
        *[("Bert", "vocabulary.txt"), ("Roberta", "vocabulary.json")],
        *[("Roberta", "merges.txt"), ("XLMRoberta", "vocabulary.spm")],
    ],
)
def test_vocabularies_are_not_larger_than_the_embeddings(
    tmp_path, family, name
):
    make_model(family).save(tmp_path / "encoder.keras")
    path = tmp_path / "hostile.keras"
    content = {name: b"a b\n" * 300_000}
    rewrite(tmp_path / "encoder.keras", path, zipfile.ZIP_DEFLATED, **content)
    with pytest.raises(
        ValueError, match=f"{name}' must have at most .* tokens"
    ):
        load_archive(path)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_damaged_vocabulary_is_named(archive, tmp_path, content):
    path = tmp_path / "hostile.keras"
    rewrite(archive, path, **{"vocabulary.txt": content})
    with pytest.raises(
        ValueError, match="its vocabulary in assets/ is missing"
    ):
        load_archive(path)


# === Weights ===


@pytest.mark.parametrize("read", [archive_info, load_archive])
def test_many_groups_are_not_listed(archive, monkeypatch, read):
    monkeypatch.setattr(weight_count, "MAX_ITEMS", 9)
    with pytest.raises(ValueError, match="has more than 9 groups"):
        read(archive)


def shared_lists():
    """Lists of any length, of which the file has one: it would be copied."""
    file = io.BytesIO()
    with h5py.File(file, "w") as content:
        lists = content.create_dataset("encoder/a", (9,), h5py.vlen_dtype("u1"))
        lists[0] = np.ones(100, "u1")
    return file.getvalue()


@pytest.mark.parametrize(
    "content, message",
    [
        (weights(kernel=(1000, 1000, 1000)), "more weights than its"),
        (deep_weights(100), "too deep ones"),
        (deep_weights(3), "must hold the weights of its backbone, .*ed: 0$"),
        (None, "model.weights.h5"),
        (b"not HDF5", "is not a readable archive"),
        (shared_lists(), "an array that does not hold numbers"),
    ],
    ids=["unwritten", "deep", "missing", "left out", "damaged", "lists"],
)
def test_weights_that_are_not_there(
    archive, tmp_path, monkeypatch, content, message
):
    monkeypatch.setattr(declared_sizes, "_FREE_WEIGHTS", 0)
    path = tmp_path / "hostile.keras"
    rewrite(archive, path, **{"model.weights.h5": content})
    with pytest.raises(ValueError, match=message):
        load_archive(path)


def test_weights_that_are_not_there_in_a_preset_folder(preset, tmp_path):
    folder = tmp_path / "hostile"
    shutil.copytree(preset, folder)
    content = weights(kernel=(1000, 1000, 1000))
    (folder / "model.weights.h5").write_bytes(content)
    with pytest.raises(ValueError, match="hostile' .*more weights than its"):
        MirrorModel.from_preset(folder)


@pytest.mark.parametrize("family", FAMILIES)
def test_declared_weights_are_those_of_the_backbone(family):
    sizes = dict(num_layers=3, hidden_dim=64, intermediate_dim=256)
    backbone = make_backbone(family, vocabulary_size=5000, **sizes)
    declared = declared_weights(backbone.get_config())
    assert 0.7 < declared / backbone.count_params() <= 1


@pytest.mark.parametrize("compression", ["ZIP_STORED", "ZIP_DEFLATED"])
@pytest.mark.parametrize(
    "name, size",
    [
        *[("vocabulary_size", 10**7), ("hidden_dim", 10**4)],
        *[("intermediate_dim", 10**6), ("max_sequence_length", 10**7)],
        *[("num_segments", 10**7), ("num_layers", 10**5)],
        *[("num_layers", -1), ("num_heads", 2.5), ("num_heads", True)],
    ],
)
def test_sizes_beyond_the_weights_are_refused(
    archive, tmp_path, name, size, compression
):
    def change(config):
        config["encoder"]["config"]["backbone"]["config"][name] = size

    changed = change_config(archive, tmp_path / "changed.keras", change)
    path = tmp_path / "hostile.keras"
    rewrite(changed, path, getattr(zipfile, compression))
    message = "weights of its backbone|a whole number|at most 1000 layers"
    with pytest.raises(ValueError, match=message):
        load_archive(path)
