import csv


def read_training_log(path):
    """The columns of a training run, for curves.

    Args:
        path: String, a CSV file with a header and a column `step`. Columns
            without any number are left out; an empty cell is nan.

    Returns:
        A dict from the header's names to lists of floats, `"step"` first.

    Raises:
        ValueError: The file cannot be read, or is not such a file.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "log.csv")
    >>> _ = path.write_text("step,loss\\n1,2.5\\n2,2.25\\n")
    >>> read_training_log(path)
    {'step': [1.0, 2.0], 'loss': [2.5, 2.25]}
    """
    (_, header), *rows = _read_rows(path)
    _check_header(path, header)
    for line, row in rows:
        if len(row) != len(header):
            raise ValueError(
                f"{path}, line {line}: expected {len(header)} values, as in "
                f"the header. Received: {len(row)}"
            )
    columns = {
        name: [(line, row[index]) for line, row in rows]
        for index, name in enumerate(header)
    }
    names = ["step", *(n for n in header if n != "step")]
    numeric = [name for name in names if _has_number(columns[name])]
    if len(rows) == 0 or numeric[:1] != ["step"] or len(numeric) == 1:
        raise ValueError(
            f"{path}, line 2: expected numbers in the column `step` and in "
            f"one more at least. Received: numbers in {numeric}"
        )
    return {name: _floats(path, name, columns[name]) for name in numeric}


def _read_rows(path):
    """Pairs of line number and cells, at least one; empty lines do not count"""
    rows = []
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            for row in reader:
                if row:
                    rows.append((reader.line_num, row))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"{path}, line {len(rows) + 1}: the training log must be a "
            f"readable CSV file in UTF-8. Received: {reason}"
        ) from error
    return rows or [(1, [])]


def _check_header(path, header):
    if "step" not in header or len(set(header)) < len(header):
        raise ValueError(
            f"{path}, line 1: expected a header with a column `step`, and no "
            f"name twice. Received: {','.join(header)!r}"
        )


def _has_number(cells):
    return any(_is_number(cell) for _, cell in cells)


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _floats(path, name, cells):
    for line, cell in cells:
        if not _is_number(cell) and (cell.strip() or name == "step"):
            raise ValueError(
                f"{path}, line {line}: expected a number in the column "
                f"`{name}`. Received: {cell!r}"
            )
    return [float(cell) if cell.strip() else float("nan") for _, cell in cells]
