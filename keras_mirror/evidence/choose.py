import dataclasses
import itertools
from collections.abc import Sequence

from keras_mirror.evaluation.evaluate import ScoreRow
from keras_mirror.evaluation.score import is_higher
from keras_mirror.evidence.general import NAME as GENERAL
from keras_mirror.evidence.labels import LABEL_AUC

# These scores may count against an encoder, but not for it. The first is not
# about the user's texts. The second can rise, for example when a mean is
# removed, although nearest texts and clusters stay the same.
AGAINST_ONLY = (GENERAL, LABEL_AUC)

HOW_TO_GIVE = (
    "columns that belong together (--columns title,body), known pairs "
    "(--check-pairs), labels of fifty rows (--check-labels) or an encoder "
    "that you trust (--check-encoder)"
)


@dataclasses.dataclass(frozen=True)
class Choice:
    """Which of several models is best on a user's own texts.

    Args:
        best: String, the name of a model. `None` if the evidence does not
            decide.
        sentence: String, the choice and its reason in one sentence.

    Example:

    >>> choice = Choice(best=None, sentence="Nothing decides.")
    >>> choice.best or "keep the first one"
    'keep the first one'
    """

    best: str | None
    sentence: str


def choose(names: Sequence[str], rows: Sequence[ScoreRow]) -> Choice:
    """Chooses a model by the evidence, or says that it does not decide.

    A model is ahead of another on a task if one of the task's scores is higher
    and none is lower. A score is higher if the interval of the difference lies
    above zero, at 95% for all scores together (Bonferroni), since among many
    scores one is higher by chance. It is lower if the 95% interval lies below
    zero. Differences below a tenth of a point do not count. A model is ahead of
    another if it is ahead on one task and the other is ahead on none. The best
    model is ahead of every other. The general probe says nothing about a user's
    own texts and never decides. The area under the curve of labels can only
    count against a model, as in `adapt`.

    Args:
        names: List of strings, the names of the models.
        rows: List of `ScoreRow`, those of an `Evaluation` of the tasks of
            `gather_evidence`.

    Returns:
        A `Choice`.

    Example:

    >>> from keras_mirror.evaluation.score import Score
    >>> scores = [Score(0.5, np.full(9, 0.5)), Score(0.7, np.full(9, 0.7))]
    >>> row = ScoreRow("known pairs", "", "", "MRR", 99, scores)
    >>> print(choose(["a", "b"], [row]).sentence)
    Use b: ahead of every other on known pairs (MRR 70.0, next a 50.0, \
ahead by 20.0 to 20.0).
    """
    rows = [row for row in rows if row.task != GENERAL and not row.subset]
    if len(names) < 2:
        return Choice(None, "There is nothing to compare: only one model.")
    if not rows:
        return Choice(
            None,
            f"There is no evidence about these texts. Give {HOW_TO_GIVE}.",
        )
    beaten = {
        (winner, loser): _tasks_ahead(rows, winner, loser)
        for winner, loser in itertools.permutations(range(len(names)), 2)
    }
    ahead = {pair for pair in beaten if beaten[pair] and not beaten[pair[::-1]]}
    losers = {loser for _, loser in ahead}
    left = [model for model in range(len(names)) if model not in losers]
    others = len(names) - 1
    if len(left) == 1 and sum(w == left[0] for w, _ in ahead) == others:
        return Choice(names[left[0]], _use(names, rows, left[0], beaten))
    return Choice(None, _undecided(names, left or range(len(names)), beaten))


def may_favor(row: ScoreRow) -> bool:
    """Whether a score may count for an encoder: not one of `AGAINST_ONLY`.

    Example:

    >>> may_favor(ScoreRow("labels", "", "", "label AUC", 99, []))
    False
    """
    return not {row.task, row.metric} & {*AGAINST_ONLY}


def _tasks_ahead(rows: list[ScoreRow], winner: int, loser: int) -> list[str]:
    """The tasks on which one model is ahead of another one."""
    above, below = set(), set()
    for row in rows:
        is_above = is_higher(row.scores[winner], row.scores[loser], len(rows))
        if may_favor(row) and is_above:
            above.add(row.task)
        if is_higher(row.scores[loser], row.scores[winner]):
            below.add(row.task)
    tasks = dict.fromkeys(row.task for row in rows)
    return [task for task in tasks if task in above - below]


def _use(
    names: Sequence[str], rows: list[ScoreRow], best: int, beaten: dict
) -> str:
    others = [model for model in range(len(names)) if model != best]
    shared = [
        row
        for row in rows
        if may_favor(row)
        and all(
            is_higher(row.scores[best], row.scores[other], len(rows))
            for other in others
        )
    ]
    if not shared:
        tasks = [
            f"{names[other]} on {_and(beaten[best, other])}" for other in others
        ]
        return f"Use {names[best]}: ahead of {_and(tasks)}."
    row = shared[0]
    following = max(others, key=lambda other: row.scores[other].value or 0.0)
    difference = row.scores[best] - row.scores[following]
    low, high = difference.interval or (0.0, 0.0)
    tasks = list(dict.fromkeys(row.task for row in shared))
    return (
        f"Use {names[best]}: ahead of every other on {_and(tasks)} "
        f"({row.metric} {_points(row.scores[best].value)}, next "
        f"{names[following]} {_points(row.scores[following].value)}, "
        f"ahead by {100 * low:.1f} to {100 * high:.1f})."
    )


def _undecided(names: Sequence[str], left: Sequence[int], beaten: dict) -> str:
    """Says whether the leading models conflict or show no difference."""
    for one, other in itertools.combinations(left, 2):
        if beaten[one, other] and beaten[other, one]:
            return (
                f"The evidence disagrees: {names[one]} is ahead on "
                f"{_and(beaten[one, other])}, {names[other]} on "
                f"{_and(beaten[other, one])}. Choose by what you need."
            )
    if len(left) == 1:
        equal = [
            other
            for other in range(len(names))
            if other != left[0] and not beaten[left[0], other]
        ]
        left = [*left, *equal]
    return (
        f"No difference was shown between {_and([names[m] for m in left])}: "
        "give more pairs or labels, or use the cheapest of these."
    )


def _points(value: float | None) -> str:
    return "undefined" if value is None else f"{100 * value:.1f}"


def _and(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
