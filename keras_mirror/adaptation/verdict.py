import dataclasses
from collections.abc import Sequence

from keras_mirror.evaluation.evaluate import ScoreRow
from keras_mirror.evaluation.score import LEVEL
from keras_mirror.evaluation.score import Score
from keras_mirror.evidence.general import NAME as GENERAL

# A tenth of a point: less is no reason to keep or to change an encoder, even
# where many items make it certain.
SMALLEST = 0.001


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether an adapted encoder is better than the one it started from.

    Args:
        name: String, `"adapted"`: evidence for and none against, `"kept"`:
            evidence against, or `"no evidence"`.
        reasons: List of strings, the scores that decide, for readers.

    Example:

    >>> Verdict("no evidence", []).sentence
    'no evidence: no score tells the two apart'
    """

    name: str
    reasons: list[str]

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        reasons = "; ".join(self.reasons) or "no score tells the two apart"
        return f"{self.name}: {reasons}"


def decide(rows: Sequence[ScoreRow], general_counts: bool = False) -> Verdict:
    """Weighs the evidence of an evaluation of two models.

    Evidence against is any score whose paired 95% interval is below zero,
    the general probe included. Evidence for is a score whose interval is above
    zero, widened for the number of scores that might have been (Bonferroni):
    whoever looks at many scores finds one that is better by chance. Of
    differences under a tenth of a point neither counts.

    Args:
        rows: List of `ScoreRow` of two models, the original first.
        general_counts: Boolean, whether a gain on the general probe is
            evidence for too. Defaults to `False`: it may only speak against.

    Returns:
        A `Verdict`.

    Example:

    >>> scores = [Score(0.5, np.full(9, 0.5)), Score(0.7, np.full(9, 0.7))]
    >>> row = ScoreRow("known pairs", "", "", "MRR", 99, scores)
    >>> decide([row]).sentence
    'adapted: known pairs, MRR 50.00 -> 70.00, +20.00 [+20.00, +20.00]'
    """
    rows = [row for row in rows if not row.task.startswith("average of ")]
    against = [row for row in rows if _is_below(row.differences[0])]
    if against:
        return Verdict("kept", [_words(row) for row in against])
    counting = [row for row in rows if general_counts or row.task != GENERAL]
    level = 1 - (1 - LEVEL) / max(1, len(counting))
    better = [r for r in counting if _is_above(r.differences[0], level)]
    if better:
        return Verdict("adapted", [_words(row) for row in better])
    return Verdict("no evidence", [])


def _is_below(difference: Score) -> bool:
    value, (_, high) = _value_and_limits(difference, LEVEL)
    return high < 0 and value < -SMALLEST


def _is_above(difference: Score, level: float) -> bool:
    value, (low, _) = _value_and_limits(difference, level)
    return low > 0 and value > SMALLEST


def _value_and_limits(difference: Score, level: float) -> tuple:
    """Zero where a score is undefined: it says nothing."""
    return difference.value or 0.0, difference.limits(level) or (0.0, 0.0)


def _words(row: ScoreRow) -> str:
    before, after, difference = (
        100 * (score.value or 0.0)
        for score in (*row.scores, row.differences[0])
    )
    low, high = (
        100 * limit for limit in row.differences[0].interval or (0.0, 0.0)
    )
    return (
        f"{row.task}, {row.metric} {before:.2f} -> {after:.2f}, "
        f"{difference:+.2f} [{low:+.2f}, {high:+.2f}]"
    )
