import itertools

from keras_mirror.data.check_is_text import NotText
from keras_mirror.data.open_binary import AnyPath
from keras_mirror.data.open_binary import is_pipe
from keras_mirror.data.read_columns import DEFAULT_COLUMN
from keras_mirror.data.read_columns import Row
from keras_mirror.data.read_columns import has_columns
from keras_mirror.data.read_columns import has_default_column
from keras_mirror.data.read_columns import read_column_rows

SAMPLE_SIZE = 20
_RENAME = "; or rename it to end in .txt, if every line is a text"


def find_column(
    path: AnyPath,
    column: str | None = None,
    errors: str = "strict",
    encoding: str = "utf-8",
) -> str | None:
    """Finds the column that holds a file's texts.

    Args:
        path: String or path.
        column: String, the name of a column, see `read_columns`. Defaults to
            `None`: not given.
        errors: See `read_lines`. Defaults to `"strict"`.
        encoding: See `read_lines`. Defaults to `"utf-8"`.

    Returns:
        A string, or `None` if the file has one text per line. It is `"text"` if
        no column is given and a JSON lines or Parquet file has that column.

    Raises:
        ValueError: A column is given for a file without columns, or none is
            given for a file with columns. The error names them.

    Example:

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "mails.jsonl")
    >>> with open(path, "w") as file:
    ...     _ = file.write('{"id": "7", "body": "a man plays"}\\n')
    >>> find_column(path)
    Traceback (most recent call last):
    ValueError: ...mails.jsonl' has columns. ... probably 'body'. Received: ...
    >>> find_column("texts.txt") is None
    True
    """
    if not has_columns(path, column):
        return None
    if column is not None:
        return column
    rows = [] if is_pipe(path) else _sample(path, errors, encoding)
    names = list(dict.fromkeys(itertools.chain.from_iterable(rows)))
    if not has_default_column(path):
        raise _no_column_given(path, names, rows, _RENAME)
    # The reader reports what is wrong with a file without rows.
    if rows and DEFAULT_COLUMN not in names:
        raise _no_column_given(path, names, rows)
    return DEFAULT_COLUMN


def _no_column_given(
    path: AnyPath, names: list[str], rows: list[Row], advice: str = ""
) -> ValueError:
    likely = f", probably {_longest(names, rows)!r}" if names else ""
    return ValueError(
        f"'{path}' has columns. Name the column of the texts with `column` "
        f"(`--column`){likely}{advice}. Received: none of "
        f"{', '.join(map(repr, names)) or 'no columns'}"
    )


def _sample(path: AnyPath, errors: str, encoding: str) -> list[Row]:
    rows: list[Row] = []
    try:
        for row in read_column_rows(path, None, errors, encoding):
            rows.append(row)
            if len(rows) == SAMPLE_SIZE:
                break
    except NotText:
        raise
    except ValueError:
        # A wrong row is reported when it is read: here the file is refused
        # anyway.
        return rows
    return rows


def _longest(names: list[str], rows: list[Row]) -> str:
    """The column with most characters of text."""

    def length(name: str) -> int:
        cells = (row.get(name) for row in rows)
        return sum(len(cell) for cell in cells if isinstance(cell, str))

    return max(names, key=length)
