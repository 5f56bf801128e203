import itertools
from collections.abc import Iterable
from collections.abc import Iterator

from keras_mirror.data.find_column import find_column
from keras_mirror.data.open_binary import AnyPath
from keras_mirror.data.open_binary import uncompressed_name
from keras_mirror.data.read_columns import read_columns
from keras_mirror.data.read_lines import check_files
from keras_mirror.data.read_lines import read_lines


def read_texts(
    *paths: AnyPath,
    column: str | None = None,
    errors: str = "strict",
    pairs: bool = False,
    encoding: str = "utf-8",
) -> Iterator:
    """Reads the texts of files one by one.

    A file has one text per line, or a column of texts: in JSON lines (`.jsonl`,
    `.ndjson`, `.json`), in Parquet (`.parquet`), or in a table with names in
    its first line. A `.csv` table has double quotes, and semicolons between
    columns if the first line has no comma; a `.tsv` table has no quoting.
    Compressed and remote files are read as in `read_lines`. Memory holds a few
    rows.

    Args:
        *paths: Paths or addresses of files.
        column: String, the name of the column, or several names separated by
            commas, whose texts are joined by a space. Defaults to `None`:
            `"text"` if a JSON lines or Parquet file has it; other files with
            columns are refused.
        errors: See `read_lines`. Defaults to `"strict"`.
        pairs: Boolean. Whether texts that hold a TAB are pairs, see
            `split_pairs`. A `.tsv` then has no columns, unless `column` is
            given. Defaults to `False`.
        encoding: See `read_lines`. Defaults to `"utf-8"`.

    Returns:
        An iterator of strings, and of tuples of two if `pairs`; a missing
        value is `""`.

    Raises:
        FileNotFoundError: A path is not a file. Raised at once.
        ImportError: Parquet, `.zst` or an address needs the extra `files`.
        ValueError: A file has no such column, or cannot be read. If a column
            must be named, this is raised at once.

    Example:

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "texts.jsonl")
    >>> with open(path, "w") as file:
    ...     _ = file.write('{"title": "a man"}\\n{"title": "a woman"}\\n')
    >>> list(read_texts(path, column="title"))
    ['a man', 'a woman']
    """
    check_files(paths)
    texts = itertools.chain.from_iterable(
        [_texts_of(path, column, errors, pairs, encoding) for path in paths]
    )
    return split_pairs(texts) if pairs else texts


def split_pairs(lines: Iterable[str]) -> Iterator[str | tuple[str, str]]:
    """Splits lines that hold a TAB into pairs; keeps other lines as they are.

    Args:
        lines: Iterable of strings.

    Returns:
        An iterator of strings and of tuples of two strings.

    Raises:
        ValueError: A line has more than two columns.

    Example:

    >>> list(split_pairs(["a man\\ta guy", "a woman"]))
    [('a man', 'a guy'), 'a woman']
    """
    for number, line in enumerate(lines, start=1):
        text, *others = line.split("\t")
        if len(others) > 1:
            raise ValueError(
                "A line of pairs must be one text, or two with a TAB between. "
                f"Received: {1 + len(others)} columns in line {number}"
            )
        yield (text, others[0]) if others else text


def _texts_of(
    path: AnyPath,
    column: str | None,
    errors: str,
    pairs: bool,
    encoding: str,
) -> Iterator[str]:
    is_pairs = pairs and uncompressed_name(path).lower().endswith(".tsv")
    if column is not None or not is_pairs:
        # Raised at once, not when read.
        column = find_column(path, column, errors, encoding)
    if column is None:
        return read_lines(path, errors=errors, encoding=encoding)
    return _texts_of_column(path, column, errors, encoding)


def _texts_of_column(
    path: AnyPath, column: str, errors: str, encoding: str
) -> Iterator[str]:
    rows = read_columns(path, [column], errors, encoding)
    for number, (text,) in enumerate(rows, start=1):
        yield checked_text(text, column, path, number)


def checked_text(value: object, column: str, path: AnyPath, row: int) -> str:
    """The text of a cell, `""` if it is missing; a `ValueError` if not text."""
    if not isinstance(value, str | None):
        raise ValueError(
            f"Column {column!r} of '{path}' must hold text. Received: "
            f"{value!r} of type {type(value).__name__} in row {row}"
        )
    return value or ""
