"""Tells whether a file is damaged or the machine failed while reading it.

Works without Keras.
"""

import errno
import os
import re
import sys
import tempfile
import textwrap
import zipfile
import zlib
from collections.abc import Iterator

MAX_REASON = 300
_MAX_TEXT = 10 * MAX_REASON  # a hostile file may fill the message

# Values of `OSError.errno` that damaged files cause too, if a part is missing
# or has an impossible name; all other values are failures of the machine.
_MISSING = (errno.ENOENT, errno.ENOTDIR)
_OF_CONTENT = (
    *(None, 0, *_MISSING, errno.EISDIR, errno.EEXIST, errno.EINVAL),
    errno.ENAMETOOLONG,
)
# Windows has no quotas.
NO_SPACE = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)

# How NumPy, PyTorch, TensorFlow, JAX and C++ report missing memory.
_NO_MEMORY = re.compile(
    "out of memory|(can't|cannot|unable to) allocate|not enough memory|"
    "RESOURCE_EXHAUSTED|bad_alloc|OOM when",
    re.IGNORECASE,
)

# Errors whose messages are clear by themselves.
_CLEAR = (OSError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)

# Environment variables that decide which devices a backend looks for.
DEVICE_VARIABLES = (
    *("JAX_PLATFORMS", "KERAS_TORCH_DEVICE"),
    *("CUDA_VISIBLE_DEVICES", "XLA_FLAGS"),
)


def check_machine(path: str | os.PathLike[str], error: BaseException) -> None:
    """Raises a clear error if the machine, not the file, has failed.

    Args:
        path: String or path of a file or folder that was being read.
        error: What was raised meanwhile.

    Raises:
        MemoryError: There was not enough memory.
        OSError: The disk or the system failed.
        RuntimeError: The backend of Keras cannot compute.

    Example:

    >>> check_machine("encoder.keras", PermissionError(13, "Permission denied"))
    Traceback (most recent call last):
    PermissionError: [Errno 13] 'encoder.keras' cannot be read: Permission ...
    """
    for cause in _causes(error):
        number = getattr(cause, "errno", None)
        if number == errno.ENOMEM or is_memory_error(cause):
            raise MemoryError(
                f"'{path}' cannot be read: {reason(cause)}"
            ) from error
        if isinstance(cause, OSError) and number not in _OF_CONTENT:
            raise OSError(
                number, f"'{path}' cannot be read: {_system_words(cause, path)}"
            ) from error
    check_backend()


def check_reachable(path: str | os.PathLike[str]) -> None:
    """Raises the system's error if a path is not just missing.

    `os.path.exists` is also `False` for paths in folders without permission,
    and for names that are too long.

    Args:
        path: String or path.

    Raises:
        OSError: The system cannot say whether the path exists.

    Example:

    >>> check_reachable("no/such/file.txt")
    """
    try:
        os.stat(path)
    except OSError as error:
        if error.errno not in _MISSING:
            raise OSError(
                error.errno, f"'{path}' cannot be read: {error.strerror}"
            ) from error
    except ValueError:  # a NUL byte
        return


def check_backend() -> None:
    """Raises a `RuntimeError` if Keras cannot compute on this machine."""
    keras = sys.modules.get("keras")
    if keras is None:
        return
    try:
        keras.ops.zeros(1)
    except Exception as error:
        given = [
            f"{name}={os.environ[name]}"
            for name in DEVICE_VARIABLES
            if name in os.environ
        ]
        raise RuntimeError(
            f"The backend {keras.backend.backend()} cannot start: "
            f"{reason(error)}. It must find a device on this machine. "
            f"Received: {', '.join(given) or 'no setting of devices'}"
        ) from error


def is_memory_error(error: BaseException) -> bool:
    """Whether an error of any library says that memory is missing.

    Example:

    >>> is_memory_error(RuntimeError("CUDA out of memory. Tried to ..."))
    True
    """
    is_told = isinstance(error, RuntimeError) and _NO_MEMORY.search(str(error))
    return isinstance(error, MemoryError) or bool(is_told)


def reason(error: BaseException) -> str:
    """The message of an error, in one line that is not too long.

    Keras puts the whole configuration before the reason of an error, and
    messages of Python's errors are often clear only with their names.

    Example:

    >>> reason(KeyError("config"))
    "KeyError: 'config'"
    >>> reason(TypeError("config={...} Exception encountered: it is wrong"))
    'it is wrong'
    """
    _, keras, text = str(error).rpartition("Exception encountered: ")
    if not keras and not isinstance(error, _CLEAR):
        text = f"{type(error).__name__}: {text}" if text else ""
    if isinstance(error, RecursionError):
        text = "it is nested too deeply"
    text = textwrap.shorten(text[:_MAX_TEXT], MAX_REASON, placeholder=" ...")
    return text or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and the errors that it was raised from."""
    while error is not None:
        yield error
        context = None if error.__suppress_context__ else error.__context__
        error = error.__cause__ or context


def _system_words(error: OSError, path: str | os.PathLike[str]) -> str:
    words = os.strerror(error.errno or 0)  # those of HDF5 are five lines
    if error.filename not in (None, path):
        words += f" ('{os.fspath(error.filename)}')"
    if error.errno in NO_SPACE:
        words += (
            f". Temporary files are in '{tempfile.gettempdir()}': free space "
            "there, or set TMPDIR to a folder on another disk"
        )
    if error.errno == errno.EFBIG:
        words += ". Raise the limit of the size of files (`ulimit -f`)"
    if error.errno in _NO_DESCRIPTORS:
        words += ". Raise the limit of open files (`ulimit -n`)"
    return words
