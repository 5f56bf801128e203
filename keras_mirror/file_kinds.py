"""Finds out what a file is if it is not what its name says.

Works without Keras.
"""

import os
import pathlib
import re

# The start of the pointer that Git leaves if Git LFS did not download a file.
POINTER = b"version https://git-lfs."
_PAGE = re.compile(rb"\s*(<!doctype html|<html)", re.IGNORECASE)
_WEIGHTS = b"\x89HDF\r\n\x1a\n"
_NUM_BYTES = 512
_MAX_FILES = 1_000

IS_POINTER = "a Git LFS pointer to the file. Run `git lfs pull` in its folder"
IS_PAGE = "a web page, which a site sent instead of the file. Fetch it again"


def kind_of_file(path: str | os.PathLike[str]) -> str | None:
    """Describes a file that is not what its name says.

    Args:
        path: String or path.

    Returns:
        A string that continues "it is", or `None` if nothing is known.

    Example:

    >>> import tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "encoder.keras")
    >>> _ = path.write_bytes(b"version https://git-lfs.github.com/spec/v1")
    >>> kind_of_file(path)
    'a Git LFS pointer to the file. Run `git lfs pull` in its folder'
    """
    if not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as file:
            start = file.read(_NUM_BYTES)
    except OSError:  # the reader's own error says so
        return None
    if not start:
        return "an empty file"
    if start.startswith(POINTER):
        return IS_POINTER
    if _PAGE.match(start):
        return IS_PAGE
    if start.startswith(_WEIGHTS):
        return "a file of weights only. An archive is what `save` writes"
    return None


def missing_content(folder: str | os.PathLike[str]) -> str | None:
    """The first file of a model's folder that lacks its real content.

    Args:
        folder: String or path.

    Returns:
        A string that names the file and what it is, or `None`.
    """
    found = pathlib.Path(folder).rglob("*.*")
    for path, _ in zip(found, range(_MAX_FILES), strict=False):
        kind = kind_of_file(path)
        if kind in (IS_POINTER, IS_PAGE):
            return f"'{path}' is {kind}"
    return None
