"""Finds out whether an archive fails to load because newer software wrote it.

Works without Keras.
"""

import importlib.metadata
import os
import re
import zipfile
import zlib

from keras_mirror.archive.limits import CARD
from keras_mirror.archive.limits import check_directory
from keras_mirror.version import __version__

# The last line of an archive's model card, as `archive_card` returns it.
_MAX_CARD = 2**20
_WRITTEN = re.compile(r"^Written with (.*)\.$", re.MULTILINE)
_VERSION = re.compile(r"\b(keras_mirror|keras_hub|keras) ((?:\d+\.)*\d+)")
_UNREADABLE = (*(OSError, ValueError, KeyError, RuntimeError), zlib.error)


def newer_versions(path: str | os.PathLike[str]) -> str:
    """Says what to install to load an archive that newer software wrote.

    Args:
        path: String or path.

    Returns:
        A sentence, or an empty string if no newer software wrote the archive or
        the archive does not say.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "encoder.keras")
    >>> model.save(path)
    >>> newer_versions(path)
    ''
    """
    for name, version in _VERSION.findall(_versions(path)):
        here = _installed(name)
        if _numbers(version) > _numbers(here):
            package = name.replace("_", "-")
            return (
                f"{package} {version} wrote it, which is newer than the "
                f"{here} of this machine: `pip install --upgrade {package}`"
            )
    return ""


def _versions(path: str | os.PathLike[str]) -> str:
    try:
        check_directory(path)
        with zipfile.ZipFile(path) as archive, archive.open(CARD) as card:
            text = card.read(_MAX_CARD).decode("utf-8", "replace")
    except (*_UNREADABLE, zipfile.BadZipFile):
        return ""  # the card cannot be read: the caller reports an error
    found = _WRITTEN.findall(text)
    return found[-1] if found else ""


def _installed(name: str) -> str:
    if name == "keras_mirror":
        return __version__
    return importlib.metadata.version(name.replace("_", "-"))


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:3]]
