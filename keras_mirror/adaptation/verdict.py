import dataclasses
from collections.abc import Sequence

from keras_mirror.evaluation.evaluate import ScoreRow
from keras_mirror.evaluation.score import is_higher
from keras_mirror.evidence.general import NAME as GENERAL


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

    >>> from keras_mirror.evaluation.score import Score
    >>> scores = [Score(0.5, np.full(9, 0.5)), Score(0.7, np.full(9, 0.7))]
    >>> row = ScoreRow("known pairs", "", "", "MRR", 99, scores)
    >>> decide([row]).sentence
    'adapted: known pairs, MRR 50.00 -> 70.00, +20.00 [+20.00, +20.00]'
    """
    rows = [row for row in rows if not row.task.startswith("average of ")]
    against = [row for row in rows if is_higher(row.scores[0], row.scores[1])]
    if against:
        return Verdict("kept", [_words(row) for row in against])
    counting = [row for row in rows if general_counts or row.task != GENERAL]
    better = [
        row
        for row in counting
        if is_higher(row.scores[1], row.scores[0], len(counting))
    ]
    if better:
        return Verdict("adapted", [_words(row) for row in better])
    return Verdict("no evidence", [])


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
