import io
import math
import os
import pathlib
import pickle
import reprlib
import zipfile
from collections.abc import Callable
from typing import BinaryIO

import numpy as np

from keras_mirror.checkpoints.hugging_face.torch_unpickler import (
    ForbiddenGlobalError,
)
from keras_mirror.checkpoints.hugging_face.torch_unpickler import TensorRecord
from keras_mirror.checkpoints.hugging_face.torch_unpickler import read_pickle

# Files of PyTorch before 1.6 start with this number.
_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_PROTOCOL_VERSION = 1001
# Tied weights share their numbers, in pairs.
_MAX_RATIO = 2
_FREE_BYTES = 2**24


def read_torch_checkpoint(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Reads the tensors of a `pytorch_model.bin`, without PyTorch.

    Such a file is a pickle, a program that could do anything when it is loaded.
    Here it can only make tensors, see `TorchUnpickler`.

    Args:
        path: A `pathlib.Path` to what `torch.save` wrote from a state dict,
            either as zip archive (since 1.6) or in the older format.

    Returns:
        A dict of names to NumPy arrays.
    """
    try:
        with open(path, "rb") as file:
            if zipfile.is_zipfile(file):
                return _read_zip(file)
            file.seek(0)
            return _read_legacy(file)
    except ForbiddenGlobalError as error:
        raise ValueError(
            f"{path.name} must hold tensors only, but its pickle asks for "
            f"`{error}`, which is not run. If you trust its source, convert "
            f"it to safetensors. Received: path={path}"
        ) from error
    except Exception as error:  # a damaged pickle may raise any error
        raise ValueError(
            f"{path.name} must be a PyTorch checkpoint, this one is damaged "
            f"or something else. Received: path={path}, error={error!r}"
        ) from error


def _read_zip(file: BinaryIO) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(file) as archive:
        if any(part.compress_type for part in archive.infolist()):
            raise zipfile.BadZipFile("compressed parts")
        names = archive.namelist()
        (index,) = [name for name in names if name.endswith("/data.pkl")]
        folder = index.removesuffix("data.pkl")
        if f"{folder}byteorder" in names:
            _check_equal(archive.read(f"{folder}byteorder"), b"little")
        state_dict = read_pickle(io.BytesIO(archive.read(index)))
        return _arrays(
            state_dict, lambda key: archive.read(f"{folder}data/{key}")
        )


def _read_legacy(file: BinaryIO) -> dict[str, np.ndarray]:
    _check_equal(read_pickle(file), _MAGIC_NUMBER)
    _check_equal(read_pickle(file), _PROTOCOL_VERSION)
    _check_equal(read_pickle(file)["little_endian"], True)
    state_dict = read_pickle(file)
    item_sizes = {
        record.storage.key: record.storage.dtype.itemsize
        for record in state_dict.values()
        if isinstance(record, TensorRecord)
    }
    storages = {}
    for key in read_pickle(file):
        if not isinstance(key, str):
            raise pickle.UnpicklingError("a storage without a name")
        length = int.from_bytes(file.read(8), "little") * item_sizes[key]
        if length > os.fstat(file.fileno()).st_size:
            raise EOFError(f"{length} bytes for one tensor")
        storages[key] = file.read(length)
    return _arrays(state_dict, storages.__getitem__)


def _arrays(
    state_dict: dict, read_storage: Callable[[str], bytes]
) -> dict[str, np.ndarray]:
    records = {
        name: record
        for name, record in state_dict.items()
        if isinstance(record, TensorRecord)
    }
    keys = {record.storage.key for record in records.values()}
    storages = {key: read_storage(key) for key in sorted(keys)}
    _check_shared(list(records.values()), sum(map(len, storages.values())))
    return {
        name: _array(record, storages[record.storage.key])
        for name, record in records.items()
    }


def _check_shared(records: list[TensorRecord], num_bytes: int) -> None:
    """Refuses tensors that are far larger than the storage they share."""
    declared = sum(
        math.prod(record.shape) * record.storage.dtype.itemsize
        for record in records
    )
    if declared > _MAX_RATIO * num_bytes + _FREE_BYTES:
        raise ValueError(f"tensors of {declared} bytes out of {num_bytes}")


def _array(record: TensorRecord, data: bytes) -> np.ndarray:
    storage, offset, shape, strides = record
    values = np.frombuffer(data, storage.dtype)
    steps = zip(shape, strides, strict=True)
    last = offset + sum((size - 1) * stride for size, stride in steps)
    numbers = (offset, *shape, *strides)
    if min(numbers) < 0 or max(last, math.prod(shape) - 1) >= len(values):
        raise ValueError(f"a tensor of shape {shape} outside of its storage")
    item_size = storage.dtype.itemsize
    return np.lib.stride_tricks.as_strided(
        values[offset:], shape, [stride * item_size for stride in strides]
    )


def _check_equal(value: object, expected: object) -> None:
    if value != expected:
        found = reprlib.repr(value)
        raise pickle.UnpicklingError(f"{found} instead of {expected!r}")
