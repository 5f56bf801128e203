from collections.abc import Iterator

from keras_mirror.data.open_binary import AnyPath
from keras_mirror.data.read_columns import cell_text
from keras_mirror.data.read_columns import has_columns
from keras_mirror.data.read_columns import read_columns
from keras_mirror.data.read_lines import check_files


def read_rows(
    path: AnyPath,
    columns: list[str],
    errors: str = "strict",
    encoding: str = "utf-8",
) -> Iterator[tuple[str, ...]]:
    """Reads several columns of one file, row by row: texts, labels, ids.

    Args:
        path: String, of a file with columns, see `read_texts`.
        columns: List of strings, their names, at least one.
        errors: See `read_lines`. Defaults to `"strict"`.
        encoding: See `read_lines`. Defaults to `"utf-8"`.

    Returns:
        An iterator of tuples of strings, as many as `columns`. A missing
        value, NaN too, is `""`; a number becomes a string.

    Raises:
        FileNotFoundError: The path is not a file. Raised at once.
        ValueError: The file has no columns (raised at once), lacks one of
            these, or cannot be read.

    Example:

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "texts.jsonl")
    >>> with open(path, "w") as file:
    ...     _ = file.write('{"text": "a man", "label": 7}\\n')
    >>> list(read_rows(path, ["label", "text"]))
    [('7', 'a man')]
    """
    check_files([path])
    has_columns(path, columns[0])  # raises at once if there are none
    rows = read_columns(path, columns, errors, encoding)
    return _strings(rows, path, columns)


def _strings(
    rows: Iterator[list], path: AnyPath, columns: list[str]
) -> Iterator[tuple[str, ...]]:
    for number, row in enumerate(rows, start=1):
        yield tuple(
            cell_text(value, path, column, number)
            for value, column in zip(row, columns, strict=True)
        )
