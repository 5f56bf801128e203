import hashlib
import os
import pathlib
import time

from keras_mirror.files import read_json
from keras_mirror.presets.registry import NamedPreset

# A file in a cached folder with the hashes that the Hub published.
HASHES_FILE = "sha256.json"


class WrongHashError(ValueError):
    """A file differs from the preset's registered file."""


def check_files(
    preset: NamedPreset, folder: pathlib.Path, way_out: str
) -> None:
    """Raises unless a folder has exactly the files of a named preset.

    Args:
        preset: A `NamedPreset`.
        folder: A `pathlib.Path`.
        way_out: String, what to do with a folder that is refused.

    Raises:
        WrongHashError: A file is missing, or its hash differs.
    """
    published = read_json(folder / HASHES_FILE, default={})
    for name, own in preset.files.items():
        path, expected = folder / name, own or published.get(name)
        found = sha256(path) if path.is_file() else "no file"
        if found != expected:
            raise WrongHashError(
                f"'{path}' is not the file of {preset.name}: its SHA-256 must "
                f"be {expected}. Received: {found}. {way_out}"
            )


# Hashes computed in this process, by the state of a file.
_known: dict[tuple[int, ...], str] = {}
# A file changed this recently may change again with the same time stamp.
_RECENT = 10**9  # nanoseconds


def sha256(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file, in hexadecimal digits.

    A file that has not changed is not read again.
    """
    now = time.time_ns()
    with open(path, "rb") as file:
        state = os.fstat(file.fileno())
        times = (state.st_mtime_ns, state.st_ctime_ns)
        key = (state.st_dev, state.st_ino, state.st_size, *times)
        if key in _known:
            return _known[key]
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if now - max(times) > _RECENT:
        _known[key] = found
    return found
