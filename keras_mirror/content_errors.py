"""One kind of error for whatever a damaged file breaks in other libraries."""

import contextlib
import os
from collections.abc import Iterator

from keras_mirror.file_kinds import kind_of_file
from keras_mirror.file_kinds import missing_content
from keras_mirror.machine_errors import check_machine
from keras_mirror.machine_errors import reason


@contextlib.contextmanager
def content_errors(
    path: str | os.PathLike, told: str = "cannot be read"
) -> Iterator[None]:
    """A context whose errors are those of a damaged file, and name it.

    Errors of what is not installed stay, and so do those that name the file
    already. Those of the machine are told by `check_machine`.

    Args:
        path: String or path of the file or folder.
        told: String, what is said of it. Defaults to `"cannot be read"`.

    Raises:
        ValueError: The code inside raised an error.
        MemoryError, OSError, RuntimeError: The machine failed.

    Example:

    >>> with content_errors("texts.parquet", "is damaged"):
    ...     {}["magic"]
    Traceback (most recent call last):
    ...
    ValueError: 'texts.parquet' is damaged: KeyError: 'magic'
    """
    try:
        yield
    except ImportError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and not _is_panic(error):
            raise
        check_machine(path, error)
        name = os.fspath(path)
        is_told = isinstance(error, (ValueError, FileNotFoundError))
        if is_told and name in str(error):
            raise
        raise ValueError(f"'{name}' {told}: {_cause(path, error)}") from error


def _cause(path: str | os.PathLike, error: BaseException) -> str:
    """What stands in place of the file or of one in the folder, if any does."""
    if os.path.isdir(path):
        return missing_content(path) or reason(error)
    kind = kind_of_file(path)
    return f"it is {kind}" if kind else reason(error)


def _is_panic(error: BaseException) -> bool:
    """Whether the Rust of `tokenizers` failed, which is no `Exception`."""
    return type(error).__name__ == "PanicException"
