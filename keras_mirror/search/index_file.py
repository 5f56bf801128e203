"""The file of an index: a ZIP archive of settings, texts, vectors and graph."""

import contextlib
import json
import math
import os
import pathlib
import zipfile
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from keras_mirror.archive.limits import CONFIG
from keras_mirror.archive.limits import WEIGHTS
from keras_mirror.archive.limits import check_directory
from keras_mirror.atomic_output import atomic_output
from keras_mirror.atomic_output import is_stream
from keras_mirror.content_errors import content_errors
from keras_mirror.integrations.load_model import is_archive

# What the file says that it is, and its parts.
FORMAT = "keras_mirror.search.Index"
VERSION = 1
SETTINGS, TEXTS = "settings.json", "texts.json"
VECTORS, GRAPH = "vectors.npy", "graph.usearch"
_SETTING_TYPES = {
    "fingerprint": str,
    "exact": bool | None,
    "archive": str | None,
    "preset": str | None,
}
# What a file may unpack to, beside ten times its size: only older files have
# compressed texts.
_ROUNDING = 1e-3  # of the length of a vector in float32
_FREE_BYTES = 2**22
_MAX_RATIO = 10


class IndexContent(NamedTuple):
    """What the file of an index holds.

    Args:
        fingerprint: String, of the encoder.
        exact: See `keras_mirror.search.Index`.
        archive: String, the path of the encoder's archive or folder, or
            the name of its preset, or `None`.
        texts: List of strings.
        embeddings: Float32 array, a unit vector for every different text.
        graph: Bytes, or `None`.
    """

    fingerprint: str
    exact: bool | None
    archive: str | os.PathLike[str] | None
    texts: list[str]
    embeddings: np.ndarray
    graph: bytes | None


def write_index(
    path: str | os.PathLike[str], content: IndexContent, overwrite: bool = False
) -> None:
    """Writes an index: a ZIP file that `path` becomes once all is written.

    Raises:
        FileExistsError: `path` exists.
    """
    path = os.fspath(path)
    if os.path.exists(path) and not (overwrite or is_stream(path)):
        raise FileExistsError(
            f"'{path}' exists. Choose another path, or add overwrite=True"
        )
    folder = os.path.dirname(path) or "."
    with atomic_output(path, overwrite=overwrite) as unfinished:
        with zipfile.ZipFile(unfinished, "w") as file:
            _write_parts(file, content, _place(content.archive, folder))


def read_index(path: str | os.PathLike[str]) -> IndexContent:
    """Reads what `write_index` wrote; a damaged file is found out.

    Raises:
        ValueError: The file is damaged, or something else.
    """
    with _opened(path) as file:
        settings = _read_settings(file)
        embeddings = _read_vectors(file)
        graph = file.read(GRAPH) if GRAPH in file.namelist() else None
        texts = json.loads(file.read(TEXTS))
        "".join(texts).encode()  # strings only, no halves of characters
        num_different = len({text for text in texts if text.strip()})
        if (
            embeddings.ndim != 2
            or len(embeddings) != num_different
            or embeddings.dtype != "float32"
        ):
            raise ValueError(
                f"vectors of shape {embeddings.shape} and {embeddings.dtype} "
                f"for {num_different} different texts"
            )
        squares = np.einsum("ij,ij->i", embeddings, embeddings)
        if not (squares <= 1 + _ROUNDING).all():  # nor is NaN
            raise ValueError("vectors that are longer than 1")
        return IndexContent(
            fingerprint=settings["fingerprint"],
            exact=settings["exact"],
            archive=settings["preset"] or settings["archive"],
            texts=texts,
            embeddings=embeddings,
            graph=graph,
        )


def archive_of_index(path: str | os.PathLike[str]) -> str | None:
    """Where the encoder of an index was when it was saved.

    Returns:
        A string, the path of an archive or folder or the name of a preset; or
        `None` where the index does not say.

    Raises:
        ValueError: The file is damaged, or something else.
    """
    with _opened(path) as file:
        settings = _read_settings(file)
    if settings["preset"]:
        return settings["preset"]
    archive = settings["archive"]
    folder = os.path.dirname(os.fspath(path))
    return archive and os.path.normpath(os.path.join(folder, archive))


def index_errors(
    path: str | os.PathLike[str],
) -> contextlib.AbstractContextManager[None]:
    """`content_errors` of an index."""
    return content_errors(path, "is not a readable index of keras-mirror")


def _place(
    archive: str | os.PathLike[str] | None, folder: str
) -> dict[str, str | None]:
    """The path of an encoder from the index, or its name."""
    if archive is None:
        return {"archive": None, "preset": None}
    if not (os.path.exists(archive) or is_archive(archive)):
        return {"archive": None, "preset": os.fspath(archive)}
    with contextlib.suppress(ValueError):  # another drive of Windows
        archive = os.path.relpath(archive, folder)
    return {"archive": pathlib.Path(archive).as_posix(), "preset": None}


def _write_parts(
    file: zipfile.ZipFile, content: IndexContent, place: dict[str, str | None]
) -> None:
    settings = {
        "format": FORMAT,
        "version": VERSION,
        "fingerprint": content.fingerprint,
        "exact": content.exact,
        **place,
    }
    file.writestr(SETTINGS, json.dumps(settings))
    texts = json.dumps(content.texts, ensure_ascii=False)
    file.writestr(TEXTS, texts)
    with file.open(VECTORS, "w", force_zip64=True) as embeddings:
        np.lib.format.write_array(
            embeddings, content.embeddings, allow_pickle=False
        )
    if content.graph is not None:
        file.writestr(GRAPH, content.graph)


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[zipfile.ZipFile]:
    with open(path, "rb") as file, index_errors(path):
        check_directory(path)
        with zipfile.ZipFile(file) as parts:
            _check_parts(parts, os.path.getsize(path))
            yield parts


def _check_parts(file: zipfile.ZipFile, num_bytes: int) -> None:
    """Refuses files in it that `write_index` does not write, or too large."""
    names = file.namelist()
    if {CONFIG, WEIGHTS} <= set(names):
        raise ValueError("it is the archive of a model, and not an index")
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
    """The embeddings, if their bytes are as many as they say."""
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
