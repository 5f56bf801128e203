import csv

import plotly.graph_objects as go

from keras_mirror.evaluation.report.chart import MODEL_COLORS
from keras_mirror.evaluation.report.chart import chart_text
from keras_mirror.evaluation.report.chart import make_chart

MAX_POINTS = 2000
HEIGHT = 220


def read_training_log(path: str) -> dict[str, list[float]]:
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


def curves(log: dict[str, list[float]]) -> dict[str, str]:
    """A chart for each column of a training run; of a long run, every nth step.

    Example:

    >>> list(curves({"step": [1.0, 2.0], "loss": [2.5, 2.25]}))
    ['loss']
    """
    return {
        name: _chart(name, _thinned(log["step"]), _thinned(values))
        for name, values in log.items()
        if name != "step"
    }


def _read_rows(path: str) -> list[tuple[int, list[str]]]:
    """Pairs of line number and cells, at least one; empty lines do not count"""
    rows: list[tuple[int, list[str]]] = []
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


def _check_header(path: str, header: list[str]) -> None:
    if "step" not in header or len(set(header)) < len(header):
        raise ValueError(
            f"{path}, line 1: expected a header with a column `step`, and no "
            f"name twice. Received: {','.join(header)!r}"
        )


def _has_number(cells: list[tuple[int, str]]) -> bool:
    return any(_is_number(cell) for _, cell in cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _floats(path: str, name: str, cells: list[tuple[int, str]]) -> list[float]:
    for line, cell in cells:
        if not _is_number(cell) and (cell.strip() or name == "step"):
            raise ValueError(
                f"{path}, line {line}: expected a number in the column "
                f"`{name}`. Received: {cell!r}"
            )
    return [float(cell) if cell.strip() else float("nan") for _, cell in cells]


def _thinned(values: list[float]) -> list[float]:
    every = -(-len(values) // MAX_POINTS)
    last = len(values) - 1
    return values[last % every :: every]  # the last one is kept


def _chart(name: str, steps: list[float], values: list[float]) -> str:
    trace = go.Scatter(
        x=steps,
        y=values,
        mode="lines" if len(steps) > 1 else "markers",
        line=dict(color=MODEL_COLORS[0], width=2),
        hovertemplate=f"step %{{x}}: {chart_text(name)} %{{y:.4f}}"
        "<extra></extra>",
    )
    return make_chart(
        [trace],
        HEIGHT,
        xaxis=dict(title="step", zeroline=False),
        yaxis=dict(zeroline=False, nticks=6, exponentformat="e"),
    )
