"""The tables of `keras-mirror evaluate`, for wide and for narrow screens."""

from rich.markup import escape
from rich.table import Table

from keras_mirror.cli.printable import one_line
from keras_mirror.cli.printable import printable

# Of a model on a narrow screen: an interval and a difference stand beside it.
MAX_NAME = 28


def evaluation_table(evaluation) -> Table:
    """The screen's table of an `Evaluation`: values x 100 and intervals.

    Subsets have their headline metric only; `--json` and `--html` have all.
    """
    names = [_label(name) for name in evaluation.models]
    table = Table("", "", "n", title_justify="left", pad_edge=False)
    for name in names:
        table.add_column(name, justify="right")
    for name in names[1:]:
        table.add_column(f"{name} - {names[0]}", justify="right")
    kind = None
    for row in _shown_rows(evaluation):
        if row.kind != kind:
            kind = row.kind
            table.add_section()
            table.add_row(f"[bold]{kind}[/bold]")
        label = f"  {row.subset}" if row.subset else row.task
        table.add_row(
            _label(label),
            row.metric,
            str(row.num_items),
            *map(cell, row.scores),
            *(cell(score, signed=True) for score in row.differences),
        )
    return table


def narrow_evaluation_table(evaluation) -> Table:
    """The same for narrow screens: a line for every model and score."""
    table = Table("", "", "difference", box=None, pad_edge=False)
    table.columns[0].overflow = "fold"
    table.columns[0].max_width = MAX_NAME
    names = [_label(name) for name in evaluation.models]
    for row in _shown_rows(evaluation):
        label = f"{row.task}: {row.subset}" if row.subset else row.task
        title = f"[bold]{_label(label)}[/bold]"
        table.add_row(title, f"{row.metric}, {row.num_items:,}")
        differences = ["", *(cell(x, signed=True) for x in row.differences)]
        for name, score, difference in zip(
            names, row.scores, differences, strict=True
        ):
            table.add_row(f"  {name}", cell(score), difference)
    return table


def cell(score, signed: bool = False) -> str:
    """A score as text: `"66.08 [64.10, 67.95]"`, or `"undefined"`.

    Example:

    >>> from keras_mirror.evaluation.score import Score
    >>> cell(Score(0.5, np.array([0.4, 0.4])), signed=True).replace("\\\\", "")
    '+50.00 [+40.00, +40.00]'
    """
    if score.value is None:
        return "undefined"
    form = "{:+.2f}" if signed else "{:.2f}"
    text = form.format(100 * score.value)
    if score.interval is None:
        return text
    low, high = (form.format(100 * limit) for limit in score.interval)
    return f"{text} \\[{low}, {high}]"  # a bracket is markup to rich


def _label(name: str) -> str:
    """A name of a file or a task, which cannot steer rich or the screen."""
    return escape(printable(one_line(name)))


def _shown_rows(evaluation) -> list:
    """Of subsets only those of their task's first metric, the headline."""
    headlines: dict[str, str] = {}
    for row in evaluation.rows:
        headlines.setdefault(row.task, row.metric)
    return [
        row
        for row in evaluation.rows
        if not row.subset or row.metric == headlines[row.task]
    ]
