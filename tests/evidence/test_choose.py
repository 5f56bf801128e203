import numpy as np
import pytest

from keras_mirror.evaluation.evaluate import ScoreRow
from keras_mirror.evaluation.score import Score
from keras_mirror.evidence import choose
from keras_mirror.evidence.general import NAME as GENERAL


def row(task, *values, metric="MRR", noise=0.01):
    """Scores with resamples around them; those of `None` are undefined."""
    resamples = np.random.default_rng(len(task)).normal
    scores = [
        Score(value, (value or 0.0) + noise * resamples(size=200))
        for value in values
    ]
    return ScoreRow(task, task, "", metric, 99, scores)


def test_the_best_is_ahead_of_every_other():
    rows = [row("labels", 0.5, 0.505, 0.5), row("known pairs", 0.5, 0.7, 0.6)]
    choice = choose(["first", "second", "third"], rows)
    assert choice.best == "second"
    low, high = (rows[1].scores[1] - rows[1].scores[2]).interval
    assert choice.sentence == (
        "Use second: ahead of every other on known pairs (MRR 70.0, next "
        f"third 60.0, ahead by {100 * low:.1f} to {100 * high:.1f})."
    )
    assert low > 0


@pytest.mark.parametrize("metric, best", [("label AUC", None), ("MRR", "b")])
def test_the_area_under_the_curve_of_labels_never_favors(metric, best):
    better = row("labels", 0.5, 0.7, metric=metric)
    assert choose(["a", "b"], [better]).best == best
    disputed = row("known pairs", 0.7, 0.5)
    worse = row("labels", 0.5, 0.3, metric="label AUC")
    assert choose(["a", "b"], [disputed, worse]).best == "a"


def test_the_best_may_be_ahead_of_each_on_another_task():
    rows = [row("labels", 0.7, 0.7, 0.6), row("known pairs", 0.7, 0.6, 0.7)]
    choice = choose(["a", "b", "c"], rows)
    assert choice.best == "a"
    assert choice.sentence == (
        "Use a: ahead of b on known pairs and c on labels."
    )


def test_no_difference():
    choice = choose(["a", "b"], [row("known pairs", 0.5, 0.505)])
    assert choice.best is None
    assert choice.sentence.startswith("No difference was shown between a and b")


def test_what_is_beaten_is_not_named():
    rows = [row("known pairs", 0.7, 0.3, 0.705)]
    choice = choose(["a", "b", "c"], rows)
    assert choice.best is None
    assert choice.sentence.startswith("No difference was shown between a and c")


def test_a_model_that_beats_only_some_is_not_the_best():
    rows = [
        row("labels", 0.7, 0.5, None),
        row("known pairs", None, 0.5, 0.3),
    ]
    choice = choose(["a", "b", "c"], rows)
    assert choice.best is None
    assert choice.sentence.startswith("No difference was shown between a and c")


def test_of_many_scores_one_is_higher_by_chance():
    one = row("labels", 0.5, 0.533, noise=0.01)
    low, _ = (one.scores[1] - one.scores[0]).interval
    assert 0 < low < 0.01
    assert choose(["a", "b"], [one]).best == "b"
    same = [row(f"task {n}", 0.5, 0.5) for n in range(20)]
    assert choose(["a", "b"], [one, *same]).best is None
    # What speaks against a model is not asked for as much.
    other = row("labels", 0.6, 0.5, metric="cluster NMI")
    assert choose(["a", "b"], [other, *same]).best == "a"
    assert choose(["a", "b"], [one, other, *same]).best is None


def test_less_than_a_tenth_of_a_point_is_nothing():
    rows = [row("labels", 0.5, 0.5009, noise=0)]
    assert choose(["a", "b"], rows).best is None
    rows = [row("labels", 0.5, 0.5011, noise=0)]
    assert choose(["a", "b"], rows).best == "b"


def test_tasks_that_disagree():
    rows = [row("known pairs", 0.7, 0.5, 0.6, noise=0.05)]
    rows += [row("labels", 0.5, 0.7, 0.6, noise=0.05)]
    choice = choose(["a", "b", "c"], rows)
    assert choice.best is None
    assert choice.sentence.startswith(
        "The evidence disagrees: a is ahead on known pairs, b on labels"
    )


def test_scores_of_one_task_that_disagree_tell_nothing():
    rows = [
        row("labels", 0.7, 0.5, metric="1-NN accuracy"),
        row("labels", 0.5, 0.7, metric="cluster NMI"),
    ]
    choice = choose(["a", "b"], rows)
    assert choice.best is None
    assert choice.sentence.startswith("No difference was shown between a and b")
    rows[1] = row("labels", 0.5, 0.505, metric="cluster NMI")
    assert choose(["a", "b"], rows).best == "a"


@pytest.mark.parametrize("rows", [[], [row(GENERAL, 0.2, 0.9)]])
def test_the_general_probe_never_decides(rows):
    choice = choose(["a", "b"], rows)
    assert choice.best is None
    assert choice.sentence.startswith("There is no evidence about these texts")
    assert "--check-labels" in choice.sentence
    rows = [*rows, row("known pairs", 0.9, 0.2)]
    assert choose(["a", "b"], rows).best == "a"


def test_undefined_scores_tell_nothing():
    undefined = Score(None, np.full(9, np.nan))
    rows = [ScoreRow("labels", "", "", "x", 9, [undefined, undefined])]
    assert choose(["a", "b"], rows).best is None


def test_one_model_is_no_choice():
    assert choose(["a"], [row("labels", 0.5)]).best is None
