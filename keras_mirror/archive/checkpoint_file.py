"""The checkpoint file of a training: facts in JSON, and arrays."""

import json
import math
import os
import zipfile
from typing import Any

import numpy as np

from keras_mirror.archive.limits import check_directory
from keras_mirror.atomic_output import atomic_output
from keras_mirror.content_errors import content_errors

FACTS = "facts"
Path = str | os.PathLike[str]


def write_checkpoint(path: Path, facts: dict, values: list) -> None:
    """Writes a checkpoint, which appears only once it is complete.

    Args:
        path: String or path, `*.npz`. An existing file is replaced.
        facts: Dict, for JSON.
        values: List of arrays.

    Example:

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "encoder.checkpoint.npz")
    >>> write_checkpoint(path, {"step": 7}, [np.zeros(2)])
    >>> read_facts(path)
    {'step': 7}
    """
    arrays = {str(n): _plain(np.asarray(v)) for n, v in enumerate(values)}
    arrays[FACTS] = np.array(json.dumps(facts))
    with atomic_output(path) as unfinished, open(unfinished, "wb") as file:
        np.savez(file, **arrays)


def read_facts(path: Path) -> dict:
    """The facts of a checkpoint.

    Args:
        path: String or path.

    Returns:
        A dict.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged or not a checkpoint.
    """
    return _read(path, lambda file: [])[0]


def read_checkpoint(path: Path) -> tuple[dict, list]:
    """The facts and the arrays of a checkpoint; see `read_facts`."""
    return _read(
        path, lambda file: [file[str(n)] for n in range(len(file.files) - 1)]
    )


def _read(path: Path, arrays) -> tuple[dict, list]:
    with (
        content_errors(path, "is not a training checkpoint, or is damaged"),
        open(path, "rb") as stored,  # NumPy leaves a damaged file open
    ):
        check_directory(path)
        with zipfile.ZipFile(stored) as parts:
            _check_arrays(parts)
        stored.seek(0)
        with np.load(stored) as file:
            facts: Any = json.loads(str(file[FACTS]))
            if not isinstance(facts, dict):
                raise ValueError(f"its facts are a {type(facts).__name__}")
            return facts, arrays(file)


def _check_arrays(parts: zipfile.ZipFile) -> None:
    """Refuses arrays that declare more bytes than the file holds."""
    for part in parts.infolist():
        with parts.open(part) as file:
            np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            num_bytes = math.prod(shape) * dtype.itemsize
            if num_bytes != part.compress_size - file.tell():
                raise ValueError(f"'{part.filename}' has not {num_bytes} bytes")


def _plain(value):
    """Casts to a type that NumPy files support: bfloat16 is not one."""
    return value if value.dtype.kind in "biuf" else value.astype("float32")
