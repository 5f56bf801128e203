import csv
import itertools
import re

from keras_mirror.data import read_lines
from keras_mirror.evaluation.readers.row import Row

SAMPLE_SIZE = 20


def read_rows(path, separator="\t"):
    """The rows of a table that are not blank, one by one.

    Args:
        path: Path of a UTF-8 file.
        separator: String between two columns: `","` and `";"` are CSV with
            its double quotes; with all others quotes are text, as everywhere
            in this field. `None` is white space. Defaults to `"\\t"`.

    Yields:
        `Row`s.

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


def sample_rows(path, separator="\t"):
    """The first rows of a file that may be anything, to find out what it is.

    Args:
        path: Path of a file, not even of a text.
        separator: See `read_rows`.

    Returns:
        A list of at most 20 `Row`s.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "weights.txt")
    >>> _ = path.write_bytes(b"\\xff\\n" * 100)
    >>> len(sample_rows(path))
    20
    """
    lines = itertools.islice(read_lines(path, errors="replace"), SAMPLE_SIZE)
    return list(_parse(path, lines, separator, strict=False))


def column_names(row):
    """Where the columns of a header are.

    Args:
        row: A `Row`.

    Returns:
        A dict from names, of lower-case letters and digits only, to places.

    Example:

    >>> column_names(Row("combined.csv", 1, ["Word 1", "Human (mean)"]))
    {'word1': 0, 'humanmean': 1}
    """
    names = {}
    for place, cell in enumerate(row.cells):
        names.setdefault(re.sub(r"[\W_]", "", cell.lower()), place)
    return names


def sample_names(path, separator="\t"):
    """`column_names` of the first row of a file that may be anything.

    Args:
        path: Path of a file.
        separator: See `read_rows`.

    Returns:
        A dict, see `column_names`.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "dev.tsv")
    >>> _ = path.write_text("index\\tquestion\\n0\\tWhy?\\n")
    >>> sample_names(path)
    {'index': 0, 'question': 1}
    """
    rows = sample_rows(path, separator)
    return column_names(rows[0]) if rows else {}


def _parse(path, lines, separator, strict):
    if separator in (",", ";"):
        rows = _csv_rows(path, lines, separator, strict)
    else:
        rows = (
            Row(path, number, line.split(separator))
            for number, line in enumerate(lines, start=1)
        )
    return (
        row for row in rows if len(row.cells) > 1 or "".join(row.cells).strip()
    )


def _csv_rows(path, lines, separator, strict):
    reader = csv.reader(
        (line + "\n" for line in lines), delimiter=separator, strict=strict
    )
    start = 1
    try:
        for cells in reader:
            yield Row(path, start, cells)
            start = reader.line_num + 1
    except csv.Error as error:
        if not strict:
            return
        raise ValueError(
            f"{path}, line {start} is not CSV with double quotes: {error}"
        ) from error
