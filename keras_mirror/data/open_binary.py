import bz2
import contextlib
import gzip
import io
import lzma
import os
import sys
import zlib
from collections.abc import Iterator
from typing import IO
from typing import Any

from keras_mirror.file_kinds import kind_of_file
from keras_mirror.optional import import_optional

AnyPath = str | os.PathLike


def is_remote(path: AnyPath) -> bool:
    """Whether `path` is an address for `fsspec`, as in s3://bucket/key."""
    return "://" in os.fspath(path)


def is_file(path: AnyPath) -> bool:
    """Whether there is a file or a pipe at a path or an address.

    Raises:
        ImportError: The address needs a package that is not installed.
        ValueError: `fsspec` does not know the protocol of the address.

    Example:

    >>> is_file("no/such/file.txt")
    False
    """
    if not is_remote(path):
        return os.path.isfile(path) or is_pipe(path)
    system, name = _system(path)
    return system.isfile(name)


def is_pipe(path: AnyPath) -> bool:
    """Whether a path can be read only once: a pipe, `"-"`, a terminal.

    Example:

    >>> is_pipe("no/such/file.txt")
    False
    """
    if is_remote(path):
        return False
    is_other = os.path.exists(path) and not os.path.isdir(path)
    return is_standard_input(path) or (is_other and not os.path.isfile(path))


def is_standard_input(path: AnyPath) -> bool:
    return os.fspath(path) == "-"


def file_size(path: AnyPath) -> int:
    """The size in bytes of the file at a path or an address."""
    if not is_remote(path):
        return os.path.getsize(path)
    system, name = _system(path)
    return system.size(name)


def _system(path: AnyPath) -> tuple[Any, str]:
    return import_optional("fsspec", "files").url_to_fs(path)


def uncompressed_name(path: AnyPath) -> str:
    """A path without the ending of a compressed file.

    Example:

    >>> uncompressed_name("texts.jsonl.gz")
    'texts.jsonl'
    """
    stem, ending = os.path.splitext(os.fspath(path))
    return stem if ending in _READERS else os.fspath(path)


@contextlib.contextmanager
def open_binary(path: AnyPath) -> Iterator[IO[bytes]]:
    """Opens a file for reading and decompresses it if its name says so.

    Args:
        path: String or path, or an address that `fsspec` knows. Ends in
            `.gz`, `.bz2`, `.xz` or `.zst` if compressed. `"-"` is the
            standard input.

    Yields:
        A binary file.

    Raises:
        ValueError: The file is damaged, or not compressed as its name says.

    Example:

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "texts.gz")
    >>> with gzip.open(path, "wb") as file:
    ...     _ = file.write(b"a man plays")
    >>> with open_binary(path) as file:
    ...     file.read()
    b'a man plays'
    """
    ending = os.path.splitext(os.fspath(path))[1]
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(_open(path))
        if ending in _READERS:
            file = stack.enter_context(_READERS[ending](file))
        try:
            yield file
        except (EOFError, OSError, lzma.LZMAError, zlib.error) as error:
            if getattr(error, "errno", None):  # not of its content
                raise
            kind = None if is_remote(path) else kind_of_file(path)
            raise ValueError(
                f"'{path}' cannot be decompressed: "
                f"{f'it is {kind}' if kind else error}. Expected an "
                f"undamaged {ending} file"
            ) from error


def _open(path: AnyPath) -> contextlib.AbstractContextManager[IO[bytes]]:
    if is_standard_input(path):
        return contextlib.nullcontext(sys.stdin.buffer)  # is not ours to close
    if not is_remote(path):
        return open(path, "rb")
    return import_optional("fsspec", "files").open(path, "rb")


def _zstandard(file: IO[bytes]) -> IO[bytes]:
    arrow = import_optional("pyarrow", "files")
    return io.BufferedReader(arrow.CompressedInputStream(file, "zstd"))


_READERS: dict[str, Any] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": _zstandard,
}
