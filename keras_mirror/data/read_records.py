import glob
import os
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple

from keras_mirror.data.find_column import find_column
from keras_mirror.data.open_binary import AnyPath
from keras_mirror.data.open_binary import is_remote
from keras_mirror.data.read_columns import DEFAULT_COLUMN
from keras_mirror.data.read_columns import cell_text
from keras_mirror.data.read_columns import has_columns
from keras_mirror.data.read_columns import read_columns
from keras_mirror.data.read_lines import check_files
from keras_mirror.data.read_lines import read_lines
from keras_mirror.data.read_texts import checked_text


class Record(NamedTuple):
    """A text with its id and metadata from a file.

    Args:
        text: String.
        id: String; `None` if no column of ids was requested.
        metadata: Dict of the requested columns.
    """

    text: str
    id: str | None
    metadata: dict[str, Any]


def read_records(
    *paths: AnyPath,
    column: str | None = None,
    id_column: str | None = None,
    metadata: Iterable[str] = (),
    errors: str = "strict",
    encoding: str = "utf-8",
) -> Iterator[Record]:
    """The texts of files with their ids and metadata, one by one.

    Args:
        *paths: Paths or addresses of files, see `read_texts`.
        column: See `read_texts`. Defaults to `None`.
        id_column: String, the column of ids. Defaults to `None`: none.
        metadata: Names of columns to keep. Defaults to none.
        errors: See `read_lines`. Defaults to `"strict"`.
        encoding: See `read_lines`. Defaults to `"utf-8"`.

    Returns:
        An iterator of `Record`s.

    Raises:
        FileNotFoundError: A path is not a file. Raised at once.
        ValueError: A file has no such column, or cannot be read; or a row
            has no id.

    Example:

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "texts.csv")
    >>> with open(path, "w") as file:
    ...     _ = file.write("id,text,source\\n7,a man,mail\\n")
    >>> list(read_records(path, column="text", metadata=["source"]))
    [Record(text='a man', id=None, metadata={'source': 'mail'})]
    """
    check_files(paths)
    names = list(metadata)
    asked = [id_column, *names] if id_column else names
    found = []
    for path in paths:
        if asked:  # raises at once if there are none
            has_columns(path, asked[0])
        found.append((path, find_column(path, column, errors, encoding)))
    return _records(found, id_column, names, errors, encoding)


def read_identified_texts(
    path: AnyPath,
    column: str | None,
    id_column: str,
    errors: str = "strict",
    encoding: str = "utf-8",
) -> Iterator[tuple[str, str]]:
    """The texts of a file with their ids, one by one.

    Args:
        path: String, of a file with columns, see `read_texts`.
        column: String, or `None` for `"text"`.
        id_column: String, the column of ids.
        errors: See `read_lines`. Defaults to `"strict"`.
        encoding: See `read_lines`. Defaults to `"utf-8"`.

    Returns:
        An iterator of tuples of two strings: id, text.

    Raises:
        FileNotFoundError: The path is not a file. Raised at once.
        ValueError: See `read_texts`; or a row has no id.

    Example:

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "texts.csv")
    >>> with open(path, "w") as file:
    ...     _ = file.write("id,text\\n7,a man\\n")
    >>> list(read_identified_texts(path, "text", "id"))
    [('7', 'a man')]
    """
    records = read_records(
        path,
        column=column or DEFAULT_COLUMN,
        id_column=id_column,
        errors=errors,
        encoding=encoding,
    )
    return ((str(each.id), each.text) for each in records)


def expand_globs(paths: Iterable[str]) -> list[str]:
    """Replaces patterns such as `"mails/*.csv"` by sorted files.

    A path that exists, or is an address, stays as it is.

    Raises:
        FileNotFoundError: No file matches a pattern.

    Example:

    >>> expand_globs(["texts.txt"])
    ['texts.txt']
    """
    found: list[str] = []
    for path in paths:
        if os.path.exists(path) or is_remote(path) or not glob.has_magic(path):
            found.append(path)
            continue
        names = sorted(glob.glob(path, recursive=True))
        if not names:
            raise FileNotFoundError(f"No file matches '{path}'")
        found += names
    return found


def _records(
    files: list[tuple[AnyPath, str | None]],
    id_column: str | None,
    names: list[str],
    errors: str,
    encoding: str,
) -> Iterator[Record]:
    for path, column in files:
        if column is None:
            for line in read_lines(path, errors=errors, encoding=encoding):
                yield Record(line, None, {})
            continue
        columns = [column, *([id_column] if id_column else []), *names]
        rows = read_columns(path, columns, errors, encoding)
        for number, (text, *values) in enumerate(rows, start=1):
            name = None
            if id_column:
                name = _checked_id(values.pop(0), id_column, path, number)
            metadata = dict(zip(names, values, strict=True))
            yield Record(
                checked_text(text, column, path, number), name, metadata
            )


def _checked_id(value: object, column: str, path: AnyPath, row: int) -> str:
    name = cell_text(value, path, column, row)
    if not name:
        raise ValueError(
            f"Every row needs an id. Received: none in column {column!r} of "
            f"'{path}', row {row}"
        )
    return name
