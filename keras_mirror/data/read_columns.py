import itertools
import os
import reprlib
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from keras_mirror.arguments import is_missing
from keras_mirror.content_errors import content_errors
from keras_mirror.data.json_rows import json_rows
from keras_mirror.data.open_binary import AnyPath
from keras_mirror.data.open_binary import open_binary
from keras_mirror.data.open_binary import uncompressed_name
from keras_mirror.data.read_lines import read_lines
from keras_mirror.data.table_rows import table_rows
from keras_mirror.optional import import_optional

DEFAULT_COLUMN = "text"
ROWS_AT_ONCE = 1024
Row = dict[str, Any]
Rows = Iterator[Row]
Columns = list[str] | None


def has_columns(path: AnyPath, column: str | None = None) -> bool:
    """Whether a file's texts are in columns, not one per line.

    Args:
        path: String or path.
        column: String, the name of a column, or `None`. With one, files
            without columns are refused.

    Raises:
        ValueError: A column is given for a file without columns.

    Example:

    >>> has_columns("texts.jsonl.gz"), has_columns("texts.txt")
    (True, False)
    """
    if _ending(path) in _READERS:
        return True
    if column is None:
        return False
    raise ValueError(
        "Columns can be read only from files that end in "
        f"{', '.join(_READERS)}. Received: column {column!r} of '{path}'"
    )


def has_default_column(path: AnyPath) -> bool:
    """Whether the column `"text"` of a file need not be named."""
    return _ending(path) not in _SEPARATORS


def read_columns(
    path: AnyPath,
    columns: list[str],
    errors: str = "strict",
    encoding: str = "utf-8",
) -> Iterator[list]:
    """The values of some columns, row by row.

    Args:
        path: String or path, see `read_texts`.
        columns: List of strings, their names. A name with commas that no column
            has stands for several columns of texts, which are joined by a
            space.
        errors: See `read_lines`. Defaults to `"strict"`.
        encoding: See `read_lines`. Defaults to `"utf-8"`.

    Yields:
        Lists of values, one per column; `None` for a missing value.

    Raises:
        ValueError: A row has no such column, or the file cannot be read.

    Example:

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "texts.csv")
    >>> with open(path, "w") as file:
    ...     _ = file.write("id,title,text\\n7,Music,a man plays\\n")
    >>> list(read_columns(path, ["text", "id"]))
    [['a man plays', '7']]
    >>> list(read_columns(path, ["title,text"]))
    [['Music a man plays']]
    """
    rows = read_column_rows(path, columns, errors, encoding)
    for number, row in enumerate(rows, start=1):
        yield [
            row[column]
            if column in row
            else _joined(path, column, row, f" in row {number}")
            for column in columns
        ]


def read_column_rows(
    path: AnyPath, columns: Columns, errors: str, encoding: str
) -> Rows:
    """Yields rows as dicts, of at least the given columns, or of all."""
    return _READERS[_ending(path)](path, columns, errors, encoding)


def _joined(path: AnyPath, column: str, row: Row, place: str) -> object:
    names = _parts(column)
    for name in names:
        if name not in row:
            raise _no_column(path, name, row, place)
    values = [row[name] for name in names if row[name] is not None]
    for value in values:
        if not isinstance(value, str):
            return value  # refused if texts are expected
    return " ".join(filter(None, values))


def _parts(column: str) -> list[str]:
    return [name.strip() for name in column.split(",")]


def _no_column(
    path: AnyPath, column: str, names: Iterable[str], place: str = ""
) -> ValueError:
    return ValueError(
        f"'{path}' has no column {column!r}{place}. "
        f"Expected one of {', '.join(map(repr, names)) or 'none'}"
    )


def cell_text(value: object, path: AnyPath, column: str, row: int) -> str:
    """A cell with a label or an id as a string, `""` if it is missing.

    Args:
        value: A value from `read_columns`; numbers may be NaN.
        path, column, row: The place of the value, for messages.

    Raises:
        ValueError: It is a list, an object or bytes.

    Example:

    >>> cell_text(float("nan"), "texts.parquet", "label", 1)
    ''
    """
    if isinstance(value, list | dict | bytes):
        raise ValueError(
            f"Column {column!r} of '{path}' must hold text or numbers. "
            f"Received: {reprlib.repr(value)} of type {type(value).__name__} "
            f"in row {row}"
        )
    return "" if is_missing(value) else str(value)


def _find_names(path: AnyPath, columns: Columns, names: list[str]) -> list[str]:
    """Finds the requested columns in `names`; each must occur once."""
    if columns is None:
        return names
    found: dict[str, bool] = {}
    for column in columns:
        for name in [column] if column in names else _parts(column):
            if name not in names:
                raise _no_column(path, name, names)
            if names.count(name) > 1:
                raise ValueError(
                    f"'{path}' must have one column {name!r}. Received: "
                    f"{names.count(name)} of that name among "
                    f"{', '.join(map(repr, names))}"
                )
            found[name] = True
    return list(found)


def _ending(path: AnyPath) -> str:
    return os.path.splitext(uncompressed_name(path))[1].lower()


def _json_rows(
    path: AnyPath, columns: Columns, errors: str, encoding: str
) -> Rows:
    lines = read_lines(path, errors=errors, encoding=encoding)
    names = [name for column in columns or () for name in _parts(column)]
    return json_rows(lines, path, [*(columns or ()), *names], errors)


def _parquet_rows(
    path: AnyPath, columns: Columns, errors: str, encoding: str
) -> Rows:
    parquet = import_optional("pyarrow.parquet", "files")
    told = "is not a Parquet file, or is damaged"
    with open_binary(path) as file:
        with content_errors(path, told):
            table = parquet.ParquetFile(file)
            all_names = table.schema_arrow.names
        names = _find_names(path, columns, all_names)
        batches = table.iter_batches(ROWS_AT_ONCE, columns=names)
        while True:
            with content_errors(path, told):
                batch = next(batches, None)
                rows = [] if batch is None else batch.to_pylist()
            if batch is None:
                return
            yield from rows


def _table_rows(
    path: AnyPath, columns: Columns, errors: str, encoding: str
) -> Rows:
    lines = read_lines(path, errors=errors, encoding=encoding)
    header = next(lines, "")
    separator = _separator(path, header)
    rows = table_rows(itertools.chain([header], lines), separator, path)
    _, names = next(rows, (1, []))
    _find_names(path, columns, names)
    for line, cells in rows:
        if len(cells) == len(names):
            yield dict(zip(names, cells, strict=True))
        elif "".join(cells).strip():  # not a blank line
            raise ValueError(
                f"{path}, line {line} must have {len(names)} columns as the "
                f"header has. Received: {len(cells)}, {str(cells)[:200]}"
            )


def _separator(path: AnyPath, header: str) -> str:
    separator = _SEPARATORS[_ending(path)]
    if separator != "," or "," in header:
        return separator
    if ";" in header:  # Excel, where numbers have decimal commas
        return ";"
    if "\t" in header:
        raise ValueError(
            f"'{path}' must have commas between its columns. Received: TABs in "
            f"its first line, {header[:80]!r}. Rename it to end in .tsv"
        )
    return separator


_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_READERS = {
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), _json_rows),
    ".parquet": _parquet_rows,
    **dict.fromkeys(_SEPARATORS, _table_rows),
}
