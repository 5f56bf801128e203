"""The tables of `keras-mirror evaluate`, for wide and for narrow screens."""

from rich.markup import escape
from rich.table import Table

from keras_mirror.cli.printable import one_line
from keras_mirror.cli.printable import printable
from keras_mirror.cli.sheet import Sheet

# Of a model on a narrow screen: an interval and a difference stand beside it.
MAX_NAME = 28


def evaluation_table(evaluation) -> Table:
    """The screen's table of an `Evaluation`: values x 100 and intervals.

    Subsets have their headline metric only; the files have all of them.
    """
    names = [_label(name) for name in evaluation.models]
    table = Table("", "", "n", title_justify="left", pad_edge=False)
    for name in names:
        table.add_column(name, justify="right")
    for name in names[1:]:
        table.add_column(f"{name} - {names[0]}", justify="right")
    kind = task = None
    for row in _shown_rows(evaluation):
        if row.kind != kind:
            kind = row.kind
            table.add_section()
            table.add_row(f"[bold]{kind}[/bold]")
        if row.subset and row.task != task:  # such as a lexicon
            table.add_row(_label(row.task))
        task = row.task
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
        title = f"[bold]{_label(full_name(row))}[/bold]"
        table.add_row(title, f"{row.metric}, {row.num_items:,}")
        differences = ["", *(cell(x, signed=True) for x in row.differences)]
        for name, score, difference in zip(
            names, row.scores, differences, strict=True
        ):
            table.add_row(f"  {name}", cell(score), difference)
    return table


def printed_sheet(evaluation) -> Sheet:
    """The same for print: values x 100, and every metric of every subset."""
    first, *others = names = list(evaluation.models)
    columns = ["task", "metric", "n", *names]
    columns += [f"{name} - {first}" for name in others]
    rows: list = []
    kind = None
    for row in evaluation.rows:
        if rows and row.kind != kind:
            rows.append(None)
        kind = row.kind
        scores = [score_text(score) for score in row.scores]
        differences = [score_text(x, signed=True) for x in row.differences]
        facts = [full_name(row), row.metric, row.num_items]
        rows.append([*facts, *scores, *differences])
    return Sheet(columns, rows)


def score_sheet(evaluation) -> Sheet:
    """One row per score of a model, numbers as they are, for programs."""
    columns = ["task", "kind", "subset", "metric", "num_items", "model"]
    columns += ["value", "low", "high"]
    columns += [f"difference{end}" for end in ("", "_low", "_high")]
    rows = [
        [
            *(row.task, row.kind, row.subset, row.metric, row.num_items, name),
            *_numbers(score),
            *(_numbers(score - row.scores[0]) if number else [None] * 3),
        ]
        for row in evaluation.rows
        for number, (name, score) in enumerate(
            zip(evaluation.models, row.scores, strict=True)
        )
    ]
    return Sheet(columns, rows)


def cell(score, signed: bool = False) -> str:
    """A score as text in which rich finds no markup, see `score_text`."""
    return escape(score_text(score, signed))


def score_text(score, signed: bool = False) -> str:
    """A score x 100: `"66.08 [64.10, 67.95]"`, or `"undefined"`.

    Example:

    >>> from keras_mirror.evaluation.score import Score
    >>> score_text(Score(0.5, np.array([0.4, 0.4])), signed=True)
    '+50.00 [+40.00, +40.00]'
    """
    if score.value is None:
        return "undefined"
    form = "{:+.2f}" if signed else "{:.2f}"
    text = form.format(100 * score.value)
    if score.interval is None:
        return text
    low, high = (form.format(100 * limit) for limit in score.interval)
    return f"{text} [{low}, {high}]"


def _numbers(score) -> list[float | None]:
    return [score.value, *(score.interval or (None, None))]


def full_name(row) -> str:
    """The name of a row's task and, where there is one, of its subset."""
    return f"{row.task}: {row.subset}" if row.subset else row.task


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
