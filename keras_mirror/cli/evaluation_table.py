from rich.markup import escape
from rich.table import Table


def evaluation_table(evaluation) -> Table:
    """The screen's table of an `Evaluation`: values x 100 and intervals.

    Subsets have their headline metric only; `--json` and `--html` have all.
    """
    names = [escape(name) for name in evaluation.models]
    table = Table("", "", "n", title_justify="left", pad_edge=False)
    for name in names:
        table.add_column(name, justify="right")
    for name in names[1:]:
        table.add_column(f"{name} - {names[0]}", justify="right")
    kind = None
    for row in evaluation.rows:
        if row.kind != kind:
            kind = row.kind
            table.add_section()
            table.add_row(f"[bold]{kind}[/bold]")
        if not row.subset or row.metric == _headline(evaluation, row):
            label = f"  {row.subset}" if row.subset else row.task
            table.add_row(
                escape(label),
                row.metric,
                str(row.num_items),
                *map(cell, row.scores),
                *(cell(score, signed=True) for score in row.differences),
            )
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


def _headline(evaluation, row) -> str:
    first = next(r for r in evaluation.rows if r.task == row.task)
    return first.metric
