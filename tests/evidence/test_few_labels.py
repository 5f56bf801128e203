"""Labels of a few texts: three scores, and intervals that hold the noise."""

import itertools

import numpy as np
import pytest
import scipy.sparse
import scipy.stats

from keras_mirror.evidence import FewLabelsTask
from keras_mirror.evidence import labels as module
from keras_mirror.evidence.labels import LabelAreaUnderCurve

sklearn = pytest.importorskip("sklearn", reason="the extra [search] is missing")


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def random_rows(size=40, num_labels=4, spread=1.2, seed=0):
    """Rows around a direction for each label, and their labels."""
    generator = np.random.default_rng(seed)
    codes = np.arange(size) % num_labels
    centers = generator.normal(size=(num_labels, 5))
    rows = centers[codes] + spread * generator.normal(size=(size, 5))
    return rows.astype("float32"), [f"label {code}" for code in codes]


def task_of(labels, **options):
    texts = [str(number) for number in range(len(labels))]
    return FewLabelsTask(
        name="mine", labeled_texts=texts, labels=labels, **options
    )


def scores(task, rows):
    results = task.score(lambda texts: rows[[int(text) for text in texts]])
    return {result.metric: result for result in results}


def area_by_loops(rows, labels, weights):
    """Wins of pairs of one label over pairs of two, of repeated rows."""
    rows = unit(np.repeat(rows, weights, axis=0))
    numbers = np.repeat(np.arange(len(labels)), weights)
    right, wrong = [], []
    for one, other in itertools.combinations(range(len(rows)), 2):
        if numbers[one] == numbers[other]:
            continue  # a row with itself
        same = labels[numbers[one]] == labels[numbers[other]]
        (right if same else wrong).append(rows[one] @ rows[other])
    wins = [
        (near > far) + 0.5 * (near == far) for near in right for far in wrong
    ]
    return np.mean(wins)


def test_area_under_the_curve_equals_loops():
    rows, labels = random_rows(12, 3)
    generator = np.random.default_rng(0)
    weights = generator.integers(3, size=(6, 12))
    statistic = LabelAreaUnderCurve(unit(rows), labels)
    expected = [area_by_loops(rows, labels, row) for row in weights]
    assert statistic(weights) == pytest.approx(expected, abs=1e-6)
    ones = np.ones(12, int)
    value = scores(task_of(labels), rows)["label AUC"].score.value
    assert value == pytest.approx(area_by_loops(rows, labels, ones))
    assert 0.55 < value < 0.95


def test_ties_are_halves():
    statistic = LabelAreaUnderCurve(np.ones((6, 1)), list("aabbcc"))
    assert statistic(np.ones((1, 6))).tolist() == [0.5]
    rows = scipy.sparse.csr_matrix([[1.0, 0], [0, 1], [1, 0], [0, 1], [0, 1]])
    labels = ["a", "a", "b", "b", "b"]
    expected = area_by_loops(rows.toarray(), labels, np.ones(5, int))
    value = LabelAreaUnderCurve(rows, labels)(np.ones((1, 5)))[0]
    assert value == pytest.approx(expected)
    assert 0 < expected < 0.5


def test_many_rows_are_drawn_once_for_all_models(monkeypatch):
    monkeypatch.setattr(module, "MAX_ROWS", 15)
    rows, labels = random_rows()
    first, again, other = (
        scores(task_of(labels, seed=seed), rows)["label AUC"]
        for seed in (1, 1, 2)
    )
    assert first.num_items == 15
    assert (first.score - again.score).interval == (0, 0)
    assert first.score.value != other.score.value


def test_nearest_neighbors_of_repeated_labels_only():
    rows, labels = random_rows(20)
    labels[3], labels[8] = "alone", "alone too"
    cosines = unit(rows) @ unit(rows).T
    np.fill_diagonal(cosines, -2)
    hits = [
        labels[row.argmax()] == label
        for row, label in zip(cosines, labels, strict=True)
        if "alone" not in label
    ]
    result = scores(task_of(labels), rows)["1-NN accuracy"]
    assert result.num_items == 18
    assert result.score.value == pytest.approx(np.mean(hits))
    assert 0.1 < np.mean(hits) < 0.95


def test_clusters_are_the_mean_of_five_seeds():
    rows, labels = random_rows()
    each = [
        sklearn.metrics.normalized_mutual_info_score(
            labels,
            sklearn.cluster.KMeans(4, n_init=3, random_state=seed).fit_predict(
                unit(rows)
            ),
        )
        for seed in range(5)
    ]
    score = scores(task_of(labels), rows)["cluster NMI"].score
    assert score.value == pytest.approx(np.mean(each))
    assert np.ptp(each) > 0.01
    low, high = score.interval
    assert low < score.value < high
    assert score.resamples.mean() == pytest.approx(score.value)


def test_the_interval_of_clusters_holds_the_noise_of_k_means(monkeypatch):
    # With clusters that differ between seeds by all there is.
    rows, labels = random_rows()
    good, bad = np.arange(40) % 4, np.zeros(40, int)
    monkeypatch.setattr(
        module, "k_means", lambda *arguments: [good, bad, good, bad, bad]
    )
    score = scores(task_of(labels), rows)["cluster NMI"].score
    assert score.value == pytest.approx(0.4)
    low, high = score.interval
    assert low == pytest.approx(0) and high == pytest.approx(1)


def test_the_same_rows_have_no_difference():
    rows, labels = random_rows()
    first, second = (scores(task_of(labels), rows) for _ in range(2))
    for metric, result in first.items():
        difference = result.score - second[metric].score
        assert (difference.value, difference.interval) == (0, (0, 0))


def test_vectors_of_a_diverged_model_are_undefined():
    rows, labels = random_rows()
    rows[0, 0] = np.nan
    found = scores(task_of(labels), rows)
    assert len(found) == 3
    assert {result.score.value for result in found.values()} == {None}


@pytest.mark.parametrize(
    "labels, message",
    [
        (["a", "a"], "1 different labels of 2 texts"),
        (["a", "b", "c"], "3 different labels of 3 texts"),
    ],
)
def test_labels_that_tell_nothing(labels, message):
    with pytest.raises(ValueError, match=message):
        task_of(labels)


def test_training_texts_are_refused():
    with pytest.raises(ValueError, match="must be empty.*Received: 1$"):
        task_of(["a", "a", "b"], training_texts=["x"], training_labels=["a"])
