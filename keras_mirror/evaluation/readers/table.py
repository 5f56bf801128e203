"""Rows of text files, cell by cell, with their places for errors."""

import dataclasses
import itertools
import math
import os
import re
from collections.abc import Iterable
from collections.abc import Iterator

from keras_mirror.data.check_is_text import NotText
from keras_mirror.data.table_rows import table_rows
from keras_mirror.evaluation.readers.benchmark_files import read_lines
from keras_mirror.evaluation.task import Dropped

SAMPLE_SIZE = 20


@dataclasses.dataclass(frozen=True)
class TableRow:
    """A row of a table, with its file and line.

    Args:
        path: Path of the file.
        line: Integer, from 1.
        cells: List of strings.

    Example:

    >>> row = TableRow("sts-dev.csv", 1, ["4.5", " a man ", ""])
    >>> row.number(0), row.text(1), row.number(2)
    (4.5, 'a man', None)
    """

    path: str | os.PathLike[str]
    line: int
    cells: list[str]

    def text(self, column: int) -> str:
        """A cell without white space around it.

        Raises:
            ValueError: The row is shorter.
        """
        if column >= len(self.cells):
            raise ValueError(
                f"{self.path}, line {self.line} must have at least "
                f"{column + 1} columns. Received: {self.cells!r}"
            )
        return self.cells[column].strip()

    def number(self, column: int) -> float | None:
        """A cell as a float, or `None` if it is empty.

        Raises:
            ValueError: The row is shorter, or the cell is no finite number.
        """
        text = self.text(column)
        if text and not is_number(text):
            raise ValueError(
                f"{self.path}, line {self.line}, column {column + 1} must be "
                f"a finite number. Received: {text!r}"
            )
        return float(text) if text else None

    def check_width(self, width: int) -> None:
        """Raises a ValueError unless the row has `width` cells."""
        if len(self.cells) != width:
            raise ValueError(
                f"{self.path}, line {self.line} must have {width} columns. "
                f"Received: {self.cells!r}"
            )

    def dropped(self, reason: str) -> Dropped:
        """A `Dropped` of this row."""
        return Dropped(str(self.path), self.line, reason)


def is_number(text: str) -> bool:
    """Whether a string is a finite number.

    Example:

    >>> [is_number(text) for text in ("-4.5", "1e3", "nan", "1_000", "four")]
    [True, True, False, False, False]
    """
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False


def read_rows(
    path: str | os.PathLike[str], separator: str | None = "\t"
) -> Iterator[TableRow]:
    """Yields the rows of a table that are not blank.

    Args:
        path: Path of a UTF-8 file.
        separator: String between two columns: `","` and `";"` mean CSV with
            double quotes; with any other, quotes are text, as is common for
            benchmarks. `None` is white space. Defaults to `"\\t"`.

    Yields:
        `TableRow`s.

    Raises:
        ValueError: A line is not UTF-8, or not CSV.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "mine.tsv")
    >>> _ = path.write_text('a "man\\ta woman\\t2.5\\n')
    >>> [row.cells for row in read_rows(path)]
    [['a "man', 'a woman', '2.5']]
    """
    return _parse(path, read_lines(path), separator, strict=True)


def sample_rows(
    path: str | os.PathLike[str], separator: str | None = "\t"
) -> list[TableRow]:
    """The first rows of any file, to find out its format.

    Args:
        path: Path of any file, text or binary.
        separator: See `read_rows`.

    Returns:
        A list of at most 20 `TableRow`s, empty if the file is no UTF-8 text.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "weights.txt")
    >>> _ = path.write_bytes(b"\\xff\\n" * 100)
    >>> len(sample_rows(path))
    20
    """
    lines = itertools.islice(read_lines(path, errors="replace"), SAMPLE_SIZE)
    try:
        return list(_parse(path, lines, separator, strict=False))
    except NotText:
        return []


def column_names(row: TableRow) -> dict[str, int]:
    """The places of the columns in a header.

    Args:
        row: A `TableRow`.

    Returns:
        A dict from names, of lower-case letters and digits only, to places.

    Example:

    >>> column_names(TableRow("combined.csv", 1, ["Word 1", "Human (mean)"]))
    {'word1': 0, 'humanmean': 1}
    """
    names: dict[str, int] = {}
    for place, cell in enumerate(row.cells):
        names.setdefault(_plain(cell), place)
    return names


def check_single(row: TableRow, name: str) -> None:
    """Raises a `ValueError` if a header has a name of `column_names` twice.

    Example:

    >>> check_single(TableRow("mine.csv", 1, ["text1", "text2"]), "text1")
    """
    count = [_plain(cell) for cell in row.cells].count(name)
    if count > 1:
        raise ValueError(
            f"{row.path}, line {row.line} must name one column `{name}`. "
            f"Received: {count} of that name in {row.cells!r}"
        )


def _plain(cell: str) -> str:
    return re.sub(r"[\W_]", "", cell.lower())


def sample_names(
    path: str | os.PathLike[str], separator: str | None = "\t"
) -> dict[str, int]:
    """`column_names` of the first row of any file.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "dev.tsv")
    >>> _ = path.write_text("index\\tquestion\\n0\\tWhy?\\n")
    >>> sample_names(path)
    {'index': 0, 'question': 1}
    """
    rows = sample_rows(path, separator)
    return column_names(rows[0]) if rows else {}


def _parse(
    path: str | os.PathLike[str],
    lines: Iterable[str],
    separator: str | None,
    strict: bool,
) -> Iterator[TableRow]:
    rows = table_rows(lines, separator, path, strict)
    return (
        TableRow(path, line, cells)
        for line, cells in rows
        if len(cells) > 1 or "".join(cells).strip()
    )
