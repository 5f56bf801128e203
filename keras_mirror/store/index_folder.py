"""An index on disk: a folder, or the ZIP file of an older version."""

import contextlib
import os
import pathlib

from keras_mirror.atomic_output import atomic_output
from keras_mirror.integrations.load_model import is_archive
from keras_mirror.store.database import DATABASE
from keras_mirror.store.database import open_database
from keras_mirror.store.index_errors import index_errors
from keras_mirror.store.settings import Settings
from keras_mirror.store.settings import read_settings
from keras_mirror.store.store import Store
from keras_mirror.store.zip_index import archive_of_zip_index
from keras_mirror.store.zip_index import is_zip_index
from keras_mirror.store.zip_index import read_zip_index


def open_index(path: str | os.PathLike[str]) -> Store:
    """Opens a folder, or reads the file of an older version into memory.

    Raises:
        ValueError: It is damaged, or something else.
        FileNotFoundError: There is nothing.
    """
    if os.path.isdir(path):
        return Store.open(path)
    return read_zip_index(path)


def save_index(
    store: Store,
    path: str | os.PathLike[str],
    overwrite: bool,
    fingerprint: str,
    archive: str | os.PathLike[str] | None,
) -> None:
    """Writes a folder, which appears at `path` once it is complete.

    Args:
        store, path, overwrite, archive: See `Index.save`.
        fingerprint: String, of the encoder.

    Raises:
        FileExistsError: `path` exists, or is something else.
    """
    path = pathlib.Path(path)
    check_place(path, overwrite)
    place = _place(archive, path.parent)
    if store.folder and path.exists() and store.folder.samefile(path):
        with store.change() as settings:  # all the rest is there already
            settings.fingerprint = fingerprint
            settings.archive, settings.preset = (
                place["archive"],
                place["preset"],
            )
        return
    with atomic_output(path, True, overwrite) as unfinished:
        unfinished.mkdir()
        store.copy_to(unfinished, fingerprint=fingerprint, **place)


def archive_of_index(path: str | os.PathLike[str]) -> str | None:
    """The path or the preset of the encoder when an index was saved.

    Returns:
        A string, the path of an archive or folder or the name of a preset; or
        `None` if the index does not say.

    Raises:
        ValueError: The index is damaged, or something else.
    """
    if not os.path.isdir(path):
        archive, preset = archive_of_zip_index(path)
    else:
        settings = index_settings(path)
        archive, preset = settings.archive, settings.preset
    folder = os.path.dirname(os.path.normpath(path))
    if preset or not archive:
        return preset
    return os.path.normpath(os.path.join(folder, archive))


def index_settings(path: str | os.PathLike[str]) -> Settings:
    """The settings of an index: of a folder, without opening its vectors.

    Raises:
        ValueError: The index is damaged, or something else.
    """
    if not os.path.isdir(path):
        return read_zip_index(path).settings
    with index_errors(path):
        connection = open_database(pathlib.Path(path, DATABASE))
        with contextlib.closing(connection):
            return read_settings(connection)


def check_place(path: str | os.PathLike[str], overwrite: bool) -> None:
    """Checks that an index may be written to a path.

    Raises:
        FileExistsError: `path` exists, or is not an index.
    """
    if not os.path.exists(path):  # a dangling link is free
        return
    if not overwrite:
        raise FileExistsError(
            f"'{path}' exists. Choose another path, or add overwrite=True"
        )
    if not is_index(path):
        kind = "folder" if os.path.isdir(path) else "file or pipe"
        raise FileExistsError(
            f"'{path}' is a {kind} but not an index. Choose another path"
        )


def is_index(path: str | os.PathLike[str]) -> bool:
    """Whether a folder or a file is an index, or looks like one.

    Example:

    >>> is_index("texts.txt")
    False
    """
    return os.path.isfile(os.path.join(path, DATABASE)) or is_zip_index(path)


def _place(
    archive: str | os.PathLike[str] | None, folder: pathlib.Path
) -> dict[str, str | None]:
    """The path of an encoder relative to the index, or its name."""
    if archive is None:
        return {"archive": None, "preset": None}
    if not (os.path.exists(archive) or is_archive(archive)):
        return {"archive": None, "preset": os.fspath(archive)}
    with contextlib.suppress(ValueError):  # another drive of Windows
        archive = os.path.relpath(archive, folder)
    return {"archive": pathlib.Path(archive).as_posix(), "preset": None}
