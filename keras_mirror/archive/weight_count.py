"""Counts the weights in a file before any of them is read."""

import math
import os
import shutil
import tempfile
import zipfile
from typing import IO
from typing import NamedTuple

from keras_mirror.archive.limits import WEIGHTS
from keras_mirror.archive.stored_member import StoredMember

MAX_ITEMS = 20_000  # arrays, and groups around them
_MAX_DEPTH = 64
_NUMBERS = "biufcV"  # HDF5 type classes; bfloat16 has none of its own


class WeightCount(NamedTuple):
    """The contents of a weights file, counted.

    Args:
        numbers: Dict of `"encoder"`, `"optimizer"` and `"training_only"`, the
            number of weights of each part.
        num_arrays: Integer, the arrays of all parts.
    """

    numbers: dict[str, int]
    num_arrays: int


def count_weights(
    path: str | os.PathLike, archive: zipfile.ZipFile, unpack: bool = True
) -> WeightCount | None:
    """Counts the weights of an archive; their values are not read.

    Args:
        path: String or path of the archive.
        archive: The archive, open.
        unpack: Boolean, whether compressed weights are unpacked, to a
            temporary file. Defaults to `True`.

    Returns:
        A `WeightCount`; `None` where the weights are missing, or compressed
        and not unpacked.

    Raises:
        ValueError: More weights are declared than there are bytes.
        OSError: The weights are damaged.
    """
    info = archive.NameToInfo.get(WEIGHTS)
    if info is None:
        return None
    if info.compress_type == zipfile.ZIP_STORED:
        with StoredMember(path, info) as file:
            return count_in_file(file, info.file_size)
    if not unpack:
        return None
    with archive.open(info) as packed, tempfile.TemporaryFile() as unpacked:
        shutil.copyfileobj(packed, unpacked)
        return count_in_file(unpacked, info.file_size)


def count_in_file(
    file: IO[bytes] | StoredMember, num_bytes: int
) -> WeightCount:
    """Counts the weights in a file of Keras; see `count_weights`.

    Args:
        file: A binary file of HDF5.
        num_bytes: Integer, its size.
    """
    import h5py

    numbers = {"encoder": 0, "optimizer": 0, "training_only": 0}
    found = {"items": 0, "arrays": 0, "bytes": 0}

    def count(name: str, item) -> str | None:
        found["items"] += 1
        if found["items"] > MAX_ITEMS or name.count("/") > _MAX_DEPTH:
            return f"more than {MAX_ITEMS} groups and arrays, or too deep ones"
        if not isinstance(item, h5py.Dataset):
            return None
        # Values other than numbers, such as lists, may have any size.
        if item.shape is None or item.dtype.kind not in _NUMBERS:
            return f"an array that does not hold numbers, '{name}'"
        size = math.prod(item.shape)  # `item.size` is cut to 64 bits
        part = name.partition("/")[0]
        numbers[part if part in numbers else "training_only"] += size
        found["arrays"] += 1
        found["bytes"] += size * item.dtype.itemsize
        if found["bytes"] > num_bytes:  # a fill value, or compressed
            return f"more weights than its {num_bytes} bytes hold"
        return None

    with h5py.File(file) as weights:
        excess = weights.visititems(count)
    if excess:
        raise ValueError(f"'{WEIGHTS}' has {excess}")
    return WeightCount(numbers, found["arrays"])
