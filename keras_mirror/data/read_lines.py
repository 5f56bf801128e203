import codecs
import functools
import itertools
import os
from collections.abc import Iterable
from collections.abc import Iterator

from keras_mirror.data.check_is_text import NotText
from keras_mirror.data.check_is_text import check_is_text
from keras_mirror.data.open_binary import AnyPath
from keras_mirror.data.open_binary import is_file
from keras_mirror.data.open_binary import is_remote
from keras_mirror.data.open_binary import open_binary
from keras_mirror.machine_errors import check_reachable

BLOCK_SIZE = 1 << 16
LONGEST_LINE = 1 << 24  # a binary file may be one line of any length


def read_lines(
    *paths: AnyPath, errors: str = "strict", encoding: str = "utf-8"
) -> Iterator[str]:
    """The lines of text files, one by one, without their line ends.

    Only a line feed ends a line, so that line `i` here is line `i` in other
    tools. Files that end in `.gz`, `.bz2`, `.xz` or `.zst` are decompressed;
    addresses such as `s3://bucket/texts.txt` are read with `fsspec`. Pipes work
    too: `"-"` is the standard input.

    Args:
        *paths: Paths of text files.
        errors: What to do with bytes that are invalid in the encoding:
            `"strict"` raises an error, `"replace"` puts U+FFFD in their place.
            Defaults to `"strict"`.
        encoding: String, the encoding of the files, such as `"utf-16"` or
            `"cp1252"`. Defaults to `"utf-8"`.

    Returns:
        An iterator of strings.

    Raises:
        FileNotFoundError: A path is not a file. Raised at once.
        ValueError: Python does not know the encoding (raised at once), a file
            is not text, a line is invalid in the encoding and `errors` is
            `"strict"`, a line is longer than 16 MiB, or a compressed file is
            damaged.

    Example:

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "texts.txt")
    >>> with open(path, "w") as file:
    ...     _ = file.write("a man\\na woman\\n")
    >>> list(read_lines(path))
    ['a man', 'a woman']
    """
    check_files(paths)
    check_encoding(encoding)
    files = (_lines_of(path, errors, encoding) for path in paths)
    return itertools.chain.from_iterable(files)


def check_files(paths: Iterable[AnyPath]) -> None:
    """Raises `FileNotFoundError` unless there is a file at every path."""
    for path in paths:
        if not is_file(path):
            if not is_remote(path):
                check_reachable(path)
            is_folder = not is_remote(path) and os.path.isdir(path)
            raise FileNotFoundError(
                f"A text file is expected. Received: '{path}', which is "
                f"{'a folder' if is_folder else 'missing'}"
            )


def check_encoding(encoding: str) -> None:
    """Raises `ValueError` unless Python knows an encoding."""
    try:
        "".encode(encoding)
    except (LookupError, ValueError) as error:
        raise ValueError(
            "`encoding` must be the name of an encoding of text, such as "
            f"'utf-16' or 'cp1252'. Received: {encoding!r}"
        ) from error


def _lines_of(path: AnyPath, errors: str, encoding: str) -> Iterator[str]:
    with open_binary(path) as file:
        blocks = iter(functools.partial(file.read, BLOCK_SIZE), b"")
        blocks = _checked_blocks(blocks, path, encoding)
        # The line feed of UTF-16 is not one byte, so a search for the byte
        # would find others.
        if "\n".encode(encoding) != b"\n":
            blocks = _recoded_blocks(blocks, path, errors, encoding)
            encoding = "utf-8"
        lines = itertools.chain.from_iterable(_split_blocks(blocks, path))
        for number, line in enumerate(lines, start=1):
            try:
                yield line.removesuffix(b"\r").decode(encoding, errors)
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{path}, line {number} is not {encoding.upper()}: "
                    f"{error.reason} at byte {error.start}. Convert the file, "
                    "or use a command's `--encoding` or `--errors`"
                ) from error


def _checked_blocks(
    blocks: Iterator[bytes], path: AnyPath, encoding: str
) -> Iterator[bytes]:
    start = next(blocks, b"")
    check_is_text(start, path, encoding)
    return itertools.chain([start], blocks)


def _recoded_blocks(
    blocks: Iterator[bytes], path: AnyPath, errors: str, encoding: str
) -> Iterator[bytes]:
    """Recodes blocks to UTF-8 from an encoding with another line feed."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    num_bytes = 0
    try:
        for block in blocks:
            num_bytes += len(block)
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeDecodeError as error:
        place = num_bytes - len(error.object) + error.start
        raise ValueError(
            f"{path} is not {encoding.upper()}: {error.reason} at byte {place}"
        ) from error


def _split_blocks(
    blocks: Iterable[bytes], path: AnyPath
) -> Iterator[list[bytes]]:
    """Splits blocks into lines: faster than reading line by line."""
    num_lines, rest, is_first = 0, b"", True
    for block in blocks:
        if is_first:
            block = block.removeprefix(codecs.BOM_UTF8)
            is_first = False
        *lines, rest = (rest + block).split(b"\n")
        yield lines
        num_lines += len(lines)
        if len(rest) > LONGEST_LINE:
            raise ValueError(
                f"{path}, line {num_lines + 1} must have at most "
                f"{LONGEST_LINE:,} bytes. Received: more bytes without a line "
                "feed. Is it a text file?"
            )
    if num_lines == 0:
        _check_line_ends(rest, path)
    if rest:
        yield [rest]


def _check_line_ends(line: bytes, path: AnyPath) -> None:
    """Raises `NotText` if a file has only the line ends of old Macs."""
    if b"\r" in line.rstrip(b"\r"):
        raise NotText(
            f"{path}, line 1 must end in a line feed. Received: carriage "
            "returns only, the line ends of old Macs. Convert them, for "
            "example with `tr '\\r' '\\n'`"
        )
