from keras_mirror.evaluation.readers.table import read_rows

# Where a row has the name and the id, by the kind of the file.
_COLUMNS = {".concept": (5, 3, 4), ".txt": (2, 1, 0), ".tsv": (2, 0, 1)}


def read_names(path):
    """The names of a dictionary or of queries, with the ids of concepts.

    Args:
        path: Path of a file of rows `id||name` (`.txt`), of rows
            `document||start|end||type||name||id` (`.concept`), or of rows
            name TAB id (`.tsv`).

    Yields:
        Tuples of a `Row`, a name and an id.

    Raises:
        ValueError: A row has another number of columns, or no id.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "1.concept")
    >>> _ = path.write_text("1||0|5||Disease||a cold||D003139\\n")
    >>> [(name, concept_id) for _, name, concept_id in read_names(path)]
    [('a cold', 'D003139')]
    """
    width, name, concept_id = _COLUMNS[path.suffix.lower()]
    separator = "\t" if path.suffix.lower() == ".tsv" else "||"
    for row in read_rows(path, separator):
        row.check_width(width)
        if separator == "\t" and row.line == 1 and _is_header(row):
            continue
        if not row.text(concept_id):
            raise ValueError(
                f"{path}, line {row.line} must have an id. "
                f"Received: {row.cells}"
            )
        yield row, row.text(name), row.text(concept_id)


def _is_header(row):
    return row.text(1).lower() in ("id", "concept_id", "concept id", "cui")
