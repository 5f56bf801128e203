"""One kind of error for all errors that a damaged file causes in libraries."""

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
    """A context that turns errors into errors of a damaged file, with its name.

    Errors about missing packages stay unchanged, and so do those that name the
    file already. `check_machine` reports errors of the machine.

    Args:
        path: String or path of the file or folder.
        told: String, what the error says about it. Defaults to `"cannot be
            read"`.

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
    """The reason: a file of another kind, or else the message of the error."""
    if os.path.isdir(path):
        return missing_content(path) or reason(error)
    kind = kind_of_file(path)
    return f"it is {kind}" if kind else reason(error)


def _is_panic(error: BaseException) -> bool:
    """Whether the Rust code of `tokenizers` panicked: no `Exception`."""
    return type(error).__name__ == "PanicException"
