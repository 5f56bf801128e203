import io
import pickle
import pickletools
import reprlib
from collections.abc import Callable
from typing import Any
from typing import BinaryIO
from typing import NamedTuple

import ml_dtypes
import numpy as np

# The storage classes of `torch` and their dtypes, always little-endian.
STORAGE_TYPES = {
    "BFloat16Storage": np.dtype(ml_dtypes.bfloat16),
    "BoolStorage": np.dtype("?"),
    "ByteStorage": np.dtype("u1"),
    "CharStorage": np.dtype("i1"),
    "DoubleStorage": np.dtype("<f8"),
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "IntStorage": np.dtype("<i4"),
    "LongStorage": np.dtype("<i8"),
    "ShortStorage": np.dtype("<i2"),
}


_SET_OPCODES = (pickle.ADDITEMS, pickle.EMPTY_SET, pickle.FROZENSET)
# The places on the stack of the keys that an opcode puts into a dict.
_KEYS = {
    pickle.DICT: slice(None, None, 2),
    pickle.SETITEM: slice(-2, -1),
    pickle.SETITEMS: slice(None, None, 2),
}
_MEMO_OPCODES = ("PUT", "BINPUT", "LONG_BINPUT")
_MAX_PARTS = 8  # parts of a storage's location; PyTorch writes 5 or 6
_MAX_AXES = 64  # as in NumPy


class StorageRecord(NamedTuple):
    """Where a tensor's numbers lie, and their type."""

    key: str
    dtype: np.dtype


class TensorRecord(NamedTuple):
    """A tensor whose numbers are still to be read."""

    storage: StorageRecord
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _check_keys(keys: list) -> None:
    for key in keys:
        if not isinstance(key, (str, int)):
            raise pickle.UnpicklingError(f"not a name: {reprlib.repr(key)}")


def _dispatch() -> dict[int, Callable[[Any], None]]:
    """The unpickler's function for each opcode."""
    dispatch = dict(pickle._Unpickler.dispatch)
    for opcode in _SET_OPCODES:
        del dispatch[opcode[0]]
    for opcode, keys in _KEYS.items():
        dispatch[opcode[0]] = _checked(dispatch[opcode[0]], keys)
    return dispatch


def _checked(load: Callable[[Any], None], keys: slice) -> Callable[[Any], None]:
    def checked(unpickler: Any) -> None:
        _check_keys(unpickler.stack[keys])
        load(unpickler)

    return checked


class TorchUnpickler(pickle._Unpickler):
    """Unpickles the tensors of a PyTorch checkpoint and nothing else.

    A pickle is a program. This class reads it without running any code outside
    this file: every global that is not on the short list is refused. Keys must
    be strings or numbers, since hashing nested tuples could take forever. Only
    the standard library's unpickler in pure Python can be changed so.

    Args:
        data: The bytes of one pickle.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8")
        self._left = len(data)

    dispatch = _dispatch()

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in STORAGE_TYPES:
            return name
        if (module, name) in _GLOBALS:
            # Created for each call, as a pickle may set attributes of what it
            # gets.
            return lambda *args: self._call(_GLOBALS[module, name], args)
        raise ForbiddenGlobalError(f"{module}.{name}")

    def _call(self, function: Callable[..., Any], args: tuple) -> Any:
        """Calls a function; refuses arguments that would be copied often."""
        sizes = [len(x) for x in args if isinstance(x, (list, tuple, dict))]
        self._left -= sum(sizes)
        if self._left < 0:
            raise pickle.UnpicklingError("the same values many times")
        return function(*args)

    def persistent_load(self, pid: Any) -> StorageRecord:
        if len(pid) > _MAX_PARTS:
            raise pickle.UnpicklingError(f"not a storage: {reprlib.repr(pid)}")
        tag, storage_type, key, *_ = pid
        _check_keys([storage_type, key])  # both are looked up
        if tag != "storage":
            raise pickle.UnpicklingError(f"not a storage: {reprlib.repr(pid)}")
        return StorageRecord(key, STORAGE_TYPES[storage_type])


class ForbiddenGlobalError(ValueError):
    """A pickle asks for a class or function that no tensor needs."""


class _StateDict(dict):
    """Replaces `OrderedDict`, without attributes that a pickle could set."""

    __slots__ = ()

    def __init__(self, items: Any = ()) -> None:
        items = list(items)
        _check_keys([key for key, _ in items])
        super().__init__(items)

    def __setstate__(self, state: object) -> None:
        pass  # module versions, of no use here


def read_pickle(file: BinaryIO) -> Any:
    """Reads one pickle of tensors from a file.

    Args:
        file: A binary file, left at the end of the pickle.

    Returns:
        What was pickled, with a `TensorRecord` instead of every tensor.
    """
    start = file.tell()
    largest_memo = 0
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name in _MEMO_OPCODES and argument:
            largest_memo = max(largest_memo, argument)
    length = file.tell() - start
    if largest_memo > length:  # the C code would allocate that many
        raise pickle.UnpicklingError(f"memo index {largest_memo}")
    file.seek(start)
    return TorchUnpickler(file.read(length)).load()


def _rebuild_tensor(
    storage: object, offset: int, shape: Any, strides: Any, *_: object
) -> TensorRecord:
    if not isinstance(storage, StorageRecord):
        raise pickle.UnpicklingError("a tensor without a storage")
    if max(len(shape), len(strides)) > _MAX_AXES:
        raise pickle.UnpicklingError(f"a tensor of {len(shape)} axes")
    numbers = (offset, *shape, *strides)
    if not all(isinstance(number, int) for number in numbers):
        raise pickle.UnpicklingError("a tensor whose shape is not integers")
    return TensorRecord(storage, offset, tuple(shape), tuple(strides))


def _rebuild_parameter(data: object, *_: object) -> object:
    return data


_GLOBALS: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): _StateDict,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
}
