import dataclasses
import itertools

from keras_mirror.evaluation.report.wording import percent
from keras_mirror.evaluation.report.wording import percent_interval
from keras_mirror.evaluation.report.wording import signed_percent


@dataclasses.dataclass(frozen=True)
class TableRow:
    """A line of the table of scores, ready to be shown.

    Args:
        row: A `Row` of an evaluation.
        label: String, empty where the line above says it.
        style: `"headline"` for its task's first number, `"average"` for
            that of several tasks, otherwise `"detail"`.

    Example:

    >>> from keras_mirror.evaluation.evaluate import Row
    >>> from keras_mirror.evaluation.score import Score
    >>> scores = [Score(value, np.full(9, value)) for value in (0.5, 0.75)]
    >>> row = Row("STS14", "similarity", "", "Spearman", 3, scores)
    >>> TableRow(row, "STS14", "headline").differences
    [('+25.00', '[25.00, 25.00]', 'better')]
    """

    row: object
    label: str
    style: str

    @property
    def values(self):
        """Pairs of value and interval, one a model."""
        return [
            (percent(s.value), percent_interval(s)) for s in self.row.scores
        ]

    @property
    def differences(self):
        """Triples of value, interval and verdict, one a model but the first."""
        return [
            (signed_percent(s.value), percent_interval(s), verdict(s))
            for s in self.row.differences
        ]


def score_table(evaluation):
    """The rows of an evaluation by kind, for the table.

    Args:
        evaluation: An `Evaluation`.

    Returns:
        A dict from kinds to lists of `TableRow`.

    Example:

    >>> from keras_mirror.evaluation import SimilarityTask
    >>> from keras_mirror.evaluation import evaluate
    >>> task = SimilarityTask(
    ...     name="mine",
    ...     texts_1=["a man plays", "a man"],
    ...     texts_2=["a man plays", "plays"],
    ...     scores=[5.0, 1.0],
    ... )
    >>> table = score_table(evaluate({"model": model}, [task]))
    >>> [row.label for row in table["sentence similarity"]]
    ['mine', '']
    """
    names = {(task.kind, task.name) for task in evaluation.tasks}
    table = {}
    for key, rows in itertools.groupby(
        evaluation.rows, lambda row: (row.kind, row.task)
    ):
        subset, style = None, "headline" if key in names else "average"
        for row in rows:
            label = "" if row.subset == subset else row.subset or row.task
            table.setdefault(row.kind, []).append(TableRow(row, label, style))
            subset, style = row.subset, "detail"
    return table


def headlines(table):
    """The first number of each task, and the averages.

    Args:
        table: Dict, see `score_table`.

    Returns:
        A dict from kinds to lists of `Row`; an average comes last.

    Example:

    >>> headlines({"similarity": []})
    {'similarity': []}
    """
    return {
        kind: [line.row for line in lines if line.style != "detail"]
        for kind, lines in table.items()
    }


def verdict(difference):
    """What the interval of a difference says.

    Args:
        difference: A `Score`.

    Returns:
        `"better"` or `"worse"` where it excludes 0, otherwise `""`.

    Example:

    >>> from keras_mirror.evaluation.score import Score
    >>> verdict(Score(-0.1, np.full(9, -0.1)))
    'worse'
    """
    low, high = difference.interval or (0.0, 0.0)
    return "better" if low > 0 else "worse" if high < 0 else ""
