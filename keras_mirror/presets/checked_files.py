import hashlib
import pathlib

from keras_mirror.files import read_json
from keras_mirror.presets.registry import NamedPreset

# In a cached folder: the hashes that the Hub published when it was fetched.
HASHES_FILE = "sha256.json"


class WrongHashError(ValueError):
    """A file is not the one that a preset's name stands for."""


def check_files(
    preset: NamedPreset, folder: pathlib.Path, way_out: str
) -> None:
    """Raises unless a folder has exactly the files of a named preset.

    Args:
        preset: A `NamedPreset`.
        folder: A `pathlib.Path`.
        way_out: String, what to do with a folder that is refused.

    Raises:
        WrongHashError: A file is missing, or its hash is another one.
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


def sha256(path: pathlib.Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
