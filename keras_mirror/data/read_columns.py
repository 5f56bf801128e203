import json
import os
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from keras_mirror.data.open_binary import AnyPath
from keras_mirror.data.open_binary import open_binary
from keras_mirror.data.open_binary import uncompressed_name
from keras_mirror.data.read_lines import read_lines
from keras_mirror.data.table_rows import table_rows
from keras_mirror.optional import import_optional

ROWS_AT_ONCE = 1024
Rows = Iterator[dict[str, Any]]


def has_columns(path: AnyPath, column: str | None = None) -> bool:
    """Whether a file's texts are in a column, not one per line.

    Args:
        path: String or path.
        column: String, the name of a column, or `None`. With one, tables of
            text have columns too, and other files are refused.

    Raises:
        ValueError: A column is asked of a file that has none.

    Example:

    >>> has_columns("texts.jsonl.gz"), has_columns("texts.csv")
    (True, False)
    """
    ending = _ending(path)
    if column is None:
        return ending in _READERS and ending not in _SEPARATORS
    if ending not in _READERS:
        raise ValueError(
            f"A column is read from files that end in {', '.join(_READERS)}. "
            f"Received: column {column!r} of '{path}'"
        )
    return True


def read_columns(
    path: AnyPath, columns: list[str], errors: str = "strict"
) -> Iterator[list]:
    """The values of some columns, row by row.

    Args:
        path: String or path, see `read_texts`.
        columns: List of strings, their names.
        errors: See `read_lines`. Defaults to `"strict"`.

    Yields:
        Lists of values, as many as `columns`; `None` where one is missing.

    Raises:
        ValueError: A row has no such column, or the file cannot be read.

    Example:

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "texts.csv")
    >>> with open(path, "w") as file:
    ...     _ = file.write("id,text\\n7,a man\\n")
    >>> list(read_columns(path, ["text", "id"]))
    [['a man', '7']]
    """
    read = _READERS[_ending(path)]
    for number, row in enumerate(read(path, columns, errors), start=1):
        for column in columns:
            if column not in row:
                raise _no_column(path, column, row, f" in row {number}")
        yield [row[column] for column in columns]


def _no_column(
    path: AnyPath, column: str, names: Iterable[str], place: str = ""
) -> ValueError:
    return ValueError(
        f"'{path}' has no column {column!r}{place}. "
        f"Expected one of {', '.join(map(repr, names)) or 'none'}"
    )


def _check_names(path: AnyPath, columns: list[str], names: list[str]) -> None:
    for column in columns:
        if column not in names:
            raise _no_column(path, column, names)
        if names.count(column) > 1:
            raise ValueError(
                f"'{path}' must have one column {column!r}. Received: "
                f"{names.count(column)} of that name among "
                f"{', '.join(map(repr, names))}"
            )


def _ending(path: AnyPath) -> str:
    return os.path.splitext(uncompressed_name(path))[1].lower()


def _json_rows(path: AnyPath, columns: list[str], errors: str) -> Rows:
    for number, line in enumerate(read_lines(path, errors=errors), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"{path}, line {number} is not JSON: {error}. Expected one "
                "object a line"
            ) from error
        if not isinstance(row, dict):
            raise ValueError(
                f"{path}, line {number} must be a JSON object. Received: "
                f"{type(row).__name__}"
            )
        yield row


def _parquet_rows(path: AnyPath, columns: list[str], errors: str) -> Rows:
    parquet = import_optional("pyarrow.parquet", "files")
    with open_binary(path) as file:
        try:
            table = parquet.ParquetFile(file)
        except ValueError as error:
            raise ValueError(f"'{path}' is no Parquet file: {error}") from error
        _check_names(path, columns, table.schema_arrow.names)
        for batch in table.iter_batches(ROWS_AT_ONCE, columns=columns):
            yield from batch.to_pylist()


def _table_rows(path: AnyPath, columns: list[str], errors: str) -> Rows:
    lines = read_lines(path, errors=errors)
    rows = table_rows(lines, _SEPARATORS[_ending(path)], path)
    _, names = next(rows, (1, []))
    _check_names(path, columns, names)
    for line, cells in rows:
        if len(cells) == len(names):
            yield dict(zip(names, cells, strict=True))
        elif "".join(cells).strip():  # not a blank line
            raise ValueError(
                f"{path}, line {line} must have {len(names)} columns as the "
                f"header has. Received: {len(cells)}, {str(cells)[:200]}"
            )


_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_READERS = {
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), _json_rows),
    ".parquet": _parquet_rows,
    **dict.fromkeys(_SEPARATORS, _table_rows),
}
