import numpy as np
import pytest

from keras_mirror.adaptation.risk import measure_risk
from keras_mirror.adaptation.training import split_columns
from keras_mirror.adaptation.verdict import decide
from keras_mirror.evaluation.evaluate import ScoreRow
from keras_mirror.evaluation.score import Score

NAMES = ("as it was", "apart")


def row(before, after, spread, task="labels", metric="1-NN accuracy"):
    """Scores whose difference has a normal spread."""
    resamples = np.random.default_rng(0).normal(0, spread, size=1000)
    first = Score(before, np.full(1000, before))
    second = Score(after, after + resamples - resamples.mean())
    return ScoreRow(task, task, "", metric, 100, [first, second])


def test_evidence_for():
    verdict = decide(NAMES, [row(0.70, 0.75, 0.01)])
    assert verdict.name == "adapted"
    [reason] = verdict.reasons
    assert verdict.candidate == "apart"
    assert reason.startswith(
        "apart: labels, 1-NN accuracy 70.00 -> 75.00, +5.00 [+3."
    )


def test_evidence_against():
    verdict = decide(NAMES, [row(0.70, 0.67, 0.01)])
    assert verdict.name == "kept"
    assert verdict.sentence.startswith(
        "kept: apart: labels, 1-NN accuracy 70.00 ->"
    )


def test_one_score_against_outweighs_several_for():
    better = [row(0.7, 0.8, 0.01, metric=str(number)) for number in range(3)]
    assert decide(NAMES, [*better, row(0.7, 0.66, 0.01)]).name == "kept"


def test_differences_within_their_interval_are_no_evidence():
    verdict = decide(NAMES, [row(0.70, 0.71, 0.02), row(0.70, 0.69, 0.02)])
    assert verdict.sentence == "no evidence: no score shows a difference"


def test_without_scores_there_is_no_evidence():
    assert decide(NAMES, []).name == "no evidence"


def test_the_more_scores_the_more_is_asked_of_each():
    # 2.2 standard deviations: enough for one score, not for one of ten.
    good = row(0.70, 0.722, 0.01)
    neutral = [row(0.5, 0.5, 0.01, task=str(number)) for number in range(9)]
    assert decide(NAMES, [good]).name == "adapted"
    assert decide(NAMES, [good, *neutral]).name == "no evidence"


def test_a_doubt_rules_a_candidate_out_and_is_no_evidence_of_harm():
    # 2.2 standard deviations below, where ten scores ask for 2.8.
    doubt = row(0.70, 0.678, 0.01)
    neutral = [row(0.5, 0.5, 0.01, task=str(number)) for number in range(9)]
    good = row(0.7, 0.8, 0.01, task="known pairs")
    assert decide(NAMES, [doubt]).name == "kept"
    verdict = decide(NAMES, [doubt, *neutral, good])
    assert verdict.name == "no evidence" and verdict.candidate is None
    assert verdict.reasons[0].startswith("apart: labels, 1-NN accuracy 70.00")


def test_the_general_probe_speaks_against_only():
    better = row(0.5, 0.6, 0.01, task="general probe", metric="MRR")
    worse = row(0.5, 0.4, 0.01, task="general probe", metric="MRR")
    assert decide(NAMES, [better]).name == "no evidence"
    assert decide(NAMES, [better], general_counts=True).name == "adapted"
    assert decide(NAMES, [row(0.7, 0.8, 0.01), worse]).name == "kept"


def test_the_area_under_the_curve_of_labels_speaks_against_only():
    better = row(0.9, 0.95, 0.001, metric="label AUC")
    worse = row(0.9, 0.85, 0.001, metric="label AUC")
    assert decide(NAMES, [better]).name == "no evidence"
    assert decide(NAMES, [better, row(0.7, 0.8, 0.01)]).name == "adapted"
    assert decide(NAMES, [row(0.7, 0.8, 0.01), worse]).name == "kept"


@pytest.mark.parametrize("difference", [0.0008, -0.0008])
def test_less_than_a_tenth_of_a_point_is_nothing(difference):
    assert (
        decide(NAMES, [row(0.9, 0.9 + difference, 1e-6)]).name == "no evidence"
    )


def three(before, *after, task="labels"):
    """A row of two candidates, whose differences have no spread."""
    scores = [Score(value, np.full(1000, value)) for value in (before, *after)]
    return ScoreRow(task, task, "", "NMI", 100, scores)


THREE = ("as it was", "together", "apart")


@pytest.mark.parametrize(
    "after, name, candidate",
    [
        ((0.6, 0.5), "adapted", "together"),
        ((0.4, 0.6), "adapted", "apart"),
        ((0.6, 0.7), "adapted", "apart"),
        ((0.4, 0.4), "kept", None),
        ((0.4, 0.5), "no evidence", None),
        ((0.5, 0.5), "no evidence", None),
    ],
)
def test_the_best_of_several_candidates_is_taken(after, name, candidate):
    verdict = decide(THREE, [three(0.5, *after)])
    assert (verdict.name, verdict.candidate) == (name, candidate)


def test_a_candidate_with_evidence_against_is_not_taken():
    rows = [three(0.5, 0.9, 0.6), three(0.5, 0.4, 0.5, task="known pairs")]
    assert decide(THREE, rows).candidate == "apart"


def test_undefined_scores_say_nothing():
    undefined = Score(None, np.full(1000, np.nan))
    scores = [undefined, Score(0.5, np.full(1000, 0.5))]
    rows = [ScoreRow("labels", "labels", "", "NMI", 9, scores)]
    assert decide(NAMES, rows).name == "no evidence"


def test_averages_of_tasks_are_not_counted_again():
    averages = row(0.7, 0.6, 0.001, task="average of 2")
    assert decide(NAMES, [averages]).name == "no evidence"


# === Risk ===


def circle(angles):
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_neighbors_that_stay():
    angles = np.linspace(0, 6, 300)
    before = circle(angles)
    assert measure_risk(before, 3 * before).neighbors_kept == 1
    shuffled = np.random.default_rng(0).permutation(before)
    assert measure_risk(before, shuffled).neighbors_kept < 0.2


def test_neighbors_are_counted_among_others():
    # Of each group of eleven, one moves to the next group's place.
    before = np.repeat(np.eye(4), 11, axis=0)
    noise = np.random.default_rng(0).normal(scale=0.01, size=before.shape)
    after = before.copy()
    after[::11] = np.roll(before[::11], 1, axis=0)
    kept = measure_risk(before + noise, after + noise).neighbors_kept
    # Ten of a group keep nine of ten; the one that moved keeps none.
    assert kept == pytest.approx(10 / 11 * 0.9, abs=1e-6)


def test_near_doubles():
    rows = np.concatenate([np.eye(20), np.eye(20)[:5] + 0.01])
    assert measure_risk(rows, rows).near_doubles == 10 / 25


def test_equal_strings_are_no_trouble():
    rows = np.ones((30, 4))
    assert measure_risk(rows, rows).neighbors_kept == 1


# === Columns ===


def test_a_fifth_of_the_rows_is_held_out():
    rows = [(f"title {number}", f"body {number}") for number in range(99)]
    trained_on, held_out = split_columns([*rows, *rows], seed=1)
    assert len(held_out) == 20 and not {*trained_on} & {*held_out}
    assert {*trained_on, *held_out} == {*rows}
    assert split_columns(rows, seed=2)[1] != held_out


def test_columns_to_train_on_are_needed():
    with pytest.raises(ValueError, match="`train_columns` needs `columns`"):
        split_columns(None, seed=0)
