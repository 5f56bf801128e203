import functools
import itertools
import os
from collections.abc import Iterable
from collections.abc import Iterator
from typing import IO

from keras_mirror.data.open_binary import AnyPath
from keras_mirror.data.open_binary import is_file
from keras_mirror.data.open_binary import is_remote
from keras_mirror.data.open_binary import open_binary

BLOCK_SIZE = 1 << 20
LONGEST_LINE = 1 << 24  # a binary file may be one line of any length


def read_lines(*paths: AnyPath, errors: str = "strict") -> Iterator[str]:
    """The lines of text files, one by one, without their line ends.

    Only a line feed ends a line, so that line `i` here is line `i` of every
    other tool. Files that end in `.gz`, `.bz2`, `.xz` or `.zst` are
    decompressed; addresses as `s3://bucket/texts.txt` are read with `fsspec`.

    Args:
        *paths: Paths of UTF-8 files.
        errors: What to do with bytes that are not UTF-8: `"strict"` raises,
            `"replace"` puts U+FFFD in their place. Defaults to `"strict"`.

    Returns:
        An iterator of strings.

    Raises:
        FileNotFoundError: A path is not a file. Raised at once.
        ValueError: A line is not UTF-8 and `errors` is `"strict"`, a line is
            longer than 16 MiB, or a compressed file is damaged.

    Example:

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "texts.txt")
    >>> with open(path, "w") as file:
    ...     _ = file.write("a man\\na woman\\n")
    >>> list(read_lines(path))
    ['a man', 'a woman']
    """
    check_files(paths)
    files = (_lines_of(path, errors) for path in paths)
    return itertools.chain.from_iterable(files)


def check_files(paths: Iterable[AnyPath]) -> None:
    """Raises `FileNotFoundError` unless there is a file at every path."""
    for path in paths:
        if not is_file(path):
            is_folder = not is_remote(path) and os.path.isdir(path)
            raise FileNotFoundError(
                f"A text file is expected. Received: '{path}', which is "
                f"{'a folder' if is_folder else 'missing'}"
            )


def _lines_of(path: AnyPath, errors: str) -> Iterator[str]:
    with open_binary(path) as file:
        lines = itertools.chain.from_iterable(_split_blocks(file, path))
        for number, line in enumerate(lines, start=1):
            try:
                yield line.removesuffix(b"\r").decode("utf-8", errors=errors)
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{path}, line {number} is not UTF-8: {error.reason} at "
                    f"byte {error.start}. Convert the file; `train` and "
                    "`encode` can go on with U+FFFD (`--errors replace`)"
                ) from error


def _split_blocks(file: IO[bytes], path: AnyPath) -> Iterator[list[bytes]]:
    """The lines of blocks: faster than lines one by one, and of any length."""
    num_lines, rest = 0, b""
    for block in iter(functools.partial(file.read, BLOCK_SIZE), b""):
        block = rest + block if num_lines or rest else _without_mark(block)
        *lines, rest = block.split(b"\n")
        yield lines
        num_lines += len(lines)
        if len(rest) > LONGEST_LINE:
            raise ValueError(
                f"{path}, line {num_lines + 1} must have at most "
                f"{LONGEST_LINE:,} bytes. Received: more without a line feed. "
                "Is it a file of texts?"
            )
    if rest:
        yield [rest]


def _without_mark(start: bytes) -> bytes:
    return start.removeprefix(b"\xef\xbb\xbf")
