"""Indexes of older versions: a ZIP file of settings, texts and vectors.

Older versions wrote them; `Index.save` writes a folder.
"""

import contextlib
import json
import math
import os
import zipfile
from collections.abc import Iterator

import numpy as np

from keras_mirror.archive.limits import CONFIG
from keras_mirror.archive.limits import WEIGHTS
from keras_mirror.archive.limits import check_directory
from keras_mirror.store.batch import Batch
from keras_mirror.store.batch import put
from keras_mirror.store.index_errors import index_errors
from keras_mirror.store.settings import FORMAT
from keras_mirror.store.store import Store

VERSION = 1
SETTINGS, TEXTS = "settings.json", "texts.json"
VECTORS, GRAPH = "vectors.npy", "graph.usearch"
_SETTING_TYPES = {
    "fingerprint": str,
    "exact": bool | None,
    "archive": str | None,
    "preset": str | None,
}
# A file may unpack to this size plus ten times its own: only older files have
# compressed texts.
_ROUNDING = 1e-3  # tolerance of a length in float32
_FREE_BYTES = 2**22
_MAX_RATIO = 10


def read_zip_index(path: str | os.PathLike[str]) -> Store:
    """Reads an index of an older version into memory, and checks it.

    Its graph is not read: searches use the signs of its vectors instead.

    Raises:
        ValueError: The file is damaged, or something else.
    """
    with _opened(path) as file:
        settings = _read_settings(file)
        embeddings = _read_vectors(file)
        texts = json.loads(file.read(TEXTS))
        "".join(texts).encode()  # strings only, no lone surrogates
        different = list(dict.fromkeys(text for text in texts if text.strip()))
        if (
            embeddings.ndim != 2
            or len(embeddings) != len(different)
            or embeddings.dtype != "float32"
        ):
            raise ValueError(
                f"vectors of shape {embeddings.shape} and {embeddings.dtype} "
                f"for {len(different)} different texts"
            )
        squares = np.einsum("ij,ij->i", embeddings, embeddings)
        if not (squares <= 1 + _ROUNDING).all():  # nor is NaN
            raise ValueError("vectors that are longer than 1")
    store = Store.new(embeddings.shape[1], settings["exact"])
    with store.change() as changed:
        changed.fingerprint = settings["fingerprint"]
        changed.archive, changed.preset = (
            settings["archive"],
            settings["preset"],
        )
        put(
            store,
            Batch.of(texts),
            dict(zip(different, embeddings, strict=True)),
            False,
        )
    return store


def archive_of_zip_index(
    path: str | os.PathLike[str],
) -> tuple[str | None, str | None]:
    """The path of an encoder from the folder of an index, and its preset."""
    with _opened(path) as file:
        settings = _read_settings(file)
    return settings["archive"], settings["preset"]


def is_zip_index(path: str | os.PathLike[str]) -> bool:
    """Whether a file is such an index, or looks like one."""
    if not (os.path.isfile(path) and zipfile.is_zipfile(path)):
        return False
    with zipfile.ZipFile(path) as file:
        return {SETTINGS, VECTORS} <= set(file.namelist())


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[zipfile.ZipFile]:
    with open(path, "rb") as file, index_errors(path):
        if not zipfile.is_zipfile(file):
            raise ValueError("`keras-mirror index` makes one of texts")
        check_directory(path)
        with zipfile.ZipFile(file) as parts:
            _check_parts(parts, os.path.getsize(path))
            yield parts


def _check_parts(file: zipfile.ZipFile, num_bytes: int) -> None:
    """Refuses members that are not part of an index, or too large."""
    names = file.namelist()
    if {CONFIG, WEIGHTS} <= set(names):
        raise ValueError("it is the archive of a model, not an index")
    if len(set(names) & {SETTINGS, TEXTS, VECTORS, GRAPH}) < len(names):
        raise ValueError(
            f"its parts must be {SETTINGS}, {TEXTS}, {VECTORS} and {GRAPH}, "
            f"not {str(names)[:200]}"
        )
    unpacked = sum(part.file_size for part in file.infolist())
    most = _FREE_BYTES + _MAX_RATIO * num_bytes
    if unpacked > most:
        raise ValueError(
            f"it must unpack to at most {most} bytes, not {unpacked}"
        )


def _read_vectors(file: zipfile.ZipFile) -> np.ndarray:
    """The embeddings, after a check of their number of bytes."""
    with file.open(VECTORS) as part:
        np.lib.format.read_magic(part)
        shape, _, dtype = np.lib.format.read_array_header_1_0(part)
        num_bytes = math.prod(shape) * dtype.itemsize
        left = file.getinfo(VECTORS).file_size - part.tell()
        if num_bytes != left and not dtype.hasobject:
            raise ValueError(f"{left} bytes for vectors of {num_bytes}")
    with file.open(VECTORS) as part:
        return np.lib.format.read_array(part, allow_pickle=False)


def _read_settings(file: zipfile.ZipFile) -> dict:
    settings = json.loads(file.read(SETTINGS))
    found = settings.pop("format"), settings.pop("version")
    if found != (FORMAT, VERSION):
        raise ValueError(
            f"format and version must be {(FORMAT, VERSION)}, not {found}"
        )
    settings = {"preset": None, **settings}  # older files have no name of one
    for name, kinds in _SETTING_TYPES.items():
        if not isinstance(settings[name], kinds):
            raise ValueError(f"{name} must not be {settings[name]!r}")
    return settings
