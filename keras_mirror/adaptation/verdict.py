import dataclasses
from collections.abc import Sequence

from keras_mirror.evaluation.evaluate import ScoreRow
from keras_mirror.evaluation.score import is_higher
from keras_mirror.evidence.general import NAME as GENERAL
from keras_mirror.evidence.labels import LABEL_AUC

# What may speak against a candidate, and not for it: the first is not about the
# user's texts; the second rises with a mean that is removed, say, where nearest
# texts and clusters stay as they were.
AGAINST_ONLY = (GENERAL, LABEL_AUC)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether an adapted encoder is better than the one it started from.

    Args:
        name: String, `"adapted"`: evidence for and none against, `"kept"`:
            evidence against, or `"no evidence"`.
        reasons: List of strings, the scores that decide, for readers.
        candidate: String, the name of the adapted encoder that is best.
            Defaults to `None`: there is evidence for none.

    Example:

    >>> Verdict("no evidence", []).sentence
    'no evidence: no score tells them apart'
    """

    name: str
    reasons: list[str]
    candidate: str | None = None

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        reasons = "; ".join(self.reasons) or "no score tells them apart"
        return f"{self.name}: {reasons}"


def decide(
    names: Sequence[str], rows: Sequence[ScoreRow], general_counts: bool = False
) -> Verdict:
    """Weighs the evidence of an evaluation of an encoder and its candidates.

    Evidence for a candidate is a score whose paired 95% interval is above
    zero, widened for the number of scores of all candidates (Bonferroni):
    whoever looks at many scores finds one that is better by chance. The general
    probe and the area under the curve of labels cannot speak for it. Evidence
    against it is a score whose interval, widened likewise, is below zero. What
    is below zero with an interval that is not widened rules a candidate out:
    of harm a doubt is enough. Of differences under a tenth of a point none
    counts. Of several candidates with evidence for, and not ruled out, the one
    with the largest mean gain on all scores that count is taken.

    Args:
        names: List of strings, the names of the models: the original first,
            then the candidates.
        rows: List of `ScoreRow` of these models.
        general_counts: Boolean, whether a gain on the general probe is
            evidence for too. Defaults to `False`: it may only speak against.

    Returns:
        A `Verdict`: `"kept"` where there is evidence against every candidate.

    Example:

    >>> from keras_mirror.evaluation.score import Score
    >>> scores = [Score(0.5, np.full(9, 0.5)), Score(0.7, np.full(9, 0.7))]
    >>> row = ScoreRow("known pairs", "", "", "MRR", 99, scores)
    >>> decide(["as it was", "apart"], [row]).sentence
    'adapted: apart: known pairs, MRR 50.00 -> 70.00, +20.00 [+20.00, +20.00]'
    """
    rows = [row for row in rows if not row.task.startswith("average of ")]
    counting = [row for row in rows if general_counts or _may_favor(row)]
    candidates = range(1, len(names))
    num_scores = len(rows) * len(candidates)
    num_counting = len(counting) * len(candidates)
    doubts = {p: _higher(rows, 0, p) for p in candidates}
    against = {p: _higher(rows, 0, p, num_scores) for p in candidates}
    in_favor = {p: _higher(counting, p, 0, num_counting) for p in candidates}
    good = [p for p in candidates if in_favor[p] and not doubts[p]]
    if good:
        best = max(good, key=lambda place: _mean_gain(counting, place))
        reasons = _reasons(names, {best: in_favor[best]})
        return Verdict("adapted", reasons, names[best])
    if all(against.values()):
        return Verdict("kept", _reasons(names, against))
    return Verdict("no evidence", _reasons(names, doubts))


def _may_favor(row: ScoreRow) -> bool:
    return not {row.task, row.metric} & {*AGAINST_ONLY}


def _higher(
    rows: list[ScoreRow], place: int, other: int, num_scores: int = 1
) -> list[ScoreRow]:
    """The scores at which one model is above another one for certain."""
    return [
        row
        for row in rows
        if is_higher(row.scores[place], row.scores[other], num_scores)
    ]


def _mean_gain(rows: list[ScoreRow], place: int) -> float:
    gains = [row.differences[place - 1].value or 0.0 for row in rows]
    return sum(gains) / len(gains)


def _reasons(
    names: Sequence[str], found: dict[int, list[ScoreRow]]
) -> list[str]:
    return [
        f"{names[place]}: {_words(row, place)}"
        for place, rows in found.items()
        for row in rows
    ]


def _words(row: ScoreRow, place: int) -> str:
    difference = row.differences[place - 1]
    scores = row.scores[0], row.scores[place], difference
    before, after, gain = (100 * (score.value or 0.0) for score in scores)
    low, high = (100 * limit for limit in difference.interval or (0.0, 0.0))
    return (
        f"{row.task}, {row.metric} {before:.2f} -> {after:.2f}, "
        f"{gain:+.2f} [{low:+.2f}, {high:+.2f}]"
    )
