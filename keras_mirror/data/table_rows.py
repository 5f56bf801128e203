import csv
from collections.abc import Iterable
from collections.abc import Iterator

from keras_mirror.data.open_binary import AnyPath
from keras_mirror.data.read_lines import LONGEST_LINE


def table_rows(
    lines: Iterable[str],
    separator: str | None,
    path: AnyPath,
    strict: bool = True,
) -> Iterator[tuple[int, list[str]]]:
    """Yields the rows of a table, each with the number of its first line.

    Args:
        lines: Iterable of strings without line ends.
        separator: String between two columns: `","` and `";"` mean CSV with
            double quotes; with any other, quotes are text and every line is a
            row. `None` is white space.
        path: Path of the file, for messages.
        strict: Boolean. Whether rows that are not CSV raise an error. If not,
            they are read as far as possible. Defaults to `True`.

    Yields:
        Tuples of an integer, from 1, and a list of cells.

    Raises:
        ValueError: A row is not CSV: a quote stays open, or something follows
            a closed one.

    Example:

    >>> list(table_rows(['a,"b', 'c"', "d,e"], ",", "texts.csv"))
    [(1, ['a', 'b\\nc']), (3, ['d', 'e'])]
    >>> list(table_rows(['a\\t"b'], "\\t", "texts.tsv"))
    [(1, ['a', '"b'])]
    """
    if separator in (",", ";"):
        return _csv_rows(lines, separator, path, strict)
    cells = (line.split(separator) for line in lines)
    return enumerate(cells, start=1)


def _csv_rows(
    lines: Iterable[str], separator: str, path: AnyPath, strict: bool
) -> Iterator[tuple[int, list[str]]]:
    # A limit of the whole process: 131,072 characters unless it is raised.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    reader = csv.reader(
        (f"{line}\n" for line in lines), delimiter=separator, strict=strict
    )
    start = 1
    try:
        for cells in reader:
            yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        if not strict:
            return
        raise ValueError(
            f"{path}, line {start} is not CSV with double quotes: {error}. "
            "A cell that begins with a quote must end with one, and quotes in "
            "it must be doubled"
        ) from error
