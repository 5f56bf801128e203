"""The tables of the report: scores, and the rows that do not count."""

import collections
import dataclasses
import itertools

from keras_mirror.evaluation.evaluate import Evaluation
from keras_mirror.evaluation.evaluate import ScoreRow
from keras_mirror.evaluation.report.formatting import percent
from keras_mirror.evaluation.report.formatting import percent_interval
from keras_mirror.evaluation.report.formatting import signed_percent
from keras_mirror.evaluation.score import Score
from keras_mirror.evaluation.task import Task


@dataclasses.dataclass(frozen=True)
class ScoreLine:
    """A line of the table of scores, ready to be shown.

    Args:
        row: A `ScoreRow`.
        label: String, empty where the line above says it.
        style: `"headline"` for its task's first number, `"average"` for
            that of several tasks, otherwise `"detail"`.

    Example:

    >>> scores = [Score(value, np.full(9, value)) for value in (0.5, 0.75)]
    >>> row = ScoreRow(
    ...     task="STS14",
    ...     kind="similarity",
    ...     subset="",
    ...     metric="Spearman",
    ...     num_items=3,
    ...     scores=scores,
    ... )
    >>> ScoreLine(row, "STS14", "headline").differences
    [('+25.00', '[25.00, 25.00]', 'better')]
    """

    row: ScoreRow
    label: str
    style: str

    @property
    def values(self) -> list[tuple[str, str]]:
        """Pairs of value and interval, one per model."""
        return [
            (percent(s.value), percent_interval(s)) for s in self.row.scores
        ]

    @property
    def differences(self) -> list[tuple[str, str, str]]:
        """Triples of value, interval and verdict per model but the first."""
        return [
            (signed_percent(s.value), percent_interval(s), verdict(s))
            for s in self.row.differences
        ]


def score_table(evaluation: Evaluation) -> dict[str, list[ScoreLine]]:
    """The rows of an evaluation by kind, for the table."""
    names = {(task.kind, task.name) for task in evaluation.tasks}
    table: dict[str, list[ScoreLine]] = {}
    for key, rows in itertools.groupby(
        evaluation.rows, lambda row: (row.kind, row.task)
    ):
        subset, style = None, "headline" if key in names else "average"
        for row in rows:
            label = "" if row.subset == subset else row.subset or row.task
            table.setdefault(row.kind, []).append(ScoreLine(row, label, style))
            subset, style = row.subset, "detail"
    return table


def headlines(table: dict[str, list[ScoreLine]]) -> dict[str, list[ScoreRow]]:
    """The first number of each task, and the averages.

    Example:

    >>> headlines({"similarity": []})
    {'similarity': []}
    """
    return {
        kind: [line.row for line in lines if line.style != "detail"]
        for kind, lines in table.items()
    }


def verdict(difference: Score) -> str:
    """Whether the interval of a difference excludes 0, and on which side.

    Returns:
        `"better"` or `"worse"` where it excludes 0, otherwise `""`.

    Example:

    >>> verdict(Score(-0.1, np.full(9, -0.1)))
    'worse'
    """
    low, high = difference.interval or (0.0, 0.0)
    return "better" if low > 0 else "worse" if high < 0 else ""


@dataclasses.dataclass(frozen=True)
class TaskItems:
    """How many items of a task count, and why others do not.

    Args:
        name: String, the task.
        num_items: Integer, those that were scored.
        num_published: Integer or `None`, the number that the task's owners
            state, if it differs.
        reasons: Dict from reasons to numbers of dropped rows, most frequent
            first.
    """

    name: str
    num_items: int
    num_published: int | None
    reasons: dict[str, int]


def dropped_rows(evaluation: Evaluation) -> list[TaskItems]:
    """The tasks in which some rows do not count."""
    everything = [_task_items(task) for task in evaluation.tasks]
    return [
        items for items in everything if items.reasons or items.num_published
    ]


def _task_items(task: Task) -> TaskItems:
    num_items = task.num_items()
    reasons = collections.Counter(row.reason for row in task.dropped)
    differs = task.num_published not in (None, num_items)
    return TaskItems(
        name=task.name,
        num_items=num_items,
        num_published=task.num_published if differs else None,
        reasons=dict(reasons.most_common()),
    )
