import dataclasses
from collections.abc import Sequence

from keras_mirror.evaluation.evaluate import ScoreRow
from keras_mirror.evaluation.score import is_higher
from keras_mirror.evidence.choose import may_favor


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The decision whether an adapted encoder is better than the original.

    Args:
        name: String. `"adapted"`: there is evidence for it and none against.
            `"kept"`: there is evidence against it. `"no evidence"`: there is
            none either way.
        reasons: List of strings, the scores that decide, for readers.
        candidate: String, the name of the best adapted encoder. Defaults to
            `None`: there is evidence for none of them.

    Example:

    >>> Verdict("no evidence", []).sentence
    'no evidence: no score shows a difference'
    """

    name: str
    reasons: list[str]
    candidate: str | None = None

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        reasons = "; ".join(self.reasons) or "no score shows a difference"
        return f"{self.name}: {reasons}"


def decide(
    names: Sequence[str], rows: Sequence[ScoreRow], general_counts: bool = False
) -> Verdict:
    """Weighs the evidence of an evaluation of an encoder and its candidates.

    A score is evidence for a candidate if its paired 95% interval lies above
    zero. The interval is widened for the number of scores of all candidates
    (Bonferroni), since among many scores one is better by chance. The general
    probe and the area under the curve of labels never count as evidence for it.
    A score is evidence against a candidate if its widened interval lies below
    zero. If the interval that is not widened lies below zero, the candidate is
    ruled out: a suspicion of harm is enough. Differences under a tenth of a
    point do not count. Among candidates with evidence for them that are not
    ruled out, the one with the largest mean gain over all counted scores is
    taken.

    Args:
        names: List of strings, the names of the models: the original first,
            then the candidates.
        rows: List of `ScoreRow` of these models.
        general_counts: Boolean, whether a gain on the general probe counts as
            evidence for a candidate. Defaults to `False`: it can only count
            against one.

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
    counting = [row for row in rows if general_counts or may_favor(row)]
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


def _higher(
    rows: list[ScoreRow], place: int, other: int, num_scores: int = 1
) -> list[ScoreRow]:
    """The scores on which one model is significantly above another."""
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
