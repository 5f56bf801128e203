"""Labeled texts: the nearest one's label, and what clusters tell of labels."""

import sys

import numpy as np
import pytest

from keras_mirror.evaluation import LabelTask
from keras_mirror.evaluation import cosines

sklearn = pytest.importorskip("sklearn", reason="the extra [search] is missing")

NUM_LABELS = 5


def texts_and_labels(size, prefix):
    labels = [f"label {number % NUM_LABELS}" for number in range(size)]
    return [f"{prefix} {number}" for number in range(size)], labels


def task(size=60, num_training=37):
    texts, labels = texts_and_labels(size, "test")
    training_texts, training_labels = texts_and_labels(num_training, "train")
    return LabelTask(
        name="mine",
        labeled_texts=texts,
        labels=labels,
        training_texts=training_texts,
        training_labels=training_labels,
    )


def embed(texts, spread=0.8):
    """Around a direction for each label, not of length 1."""
    centers = np.random.default_rng(0).normal(size=(NUM_LABELS, 6))
    rows = []
    for text in texts:
        prefix, number = text.split()
        noise = np.random.default_rng((len(prefix), int(number)))
        row = centers[int(number) % NUM_LABELS] + spread * noise.normal(size=6)
        rows.append(row * noise.uniform(1, 9))
    return np.array(rows, dtype="float32")


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def nearest_by_loops(rows, others, is_self):
    places = []
    for place, row in enumerate(rows):
        similarities = others @ row
        if is_self:
            similarities[place] = -2
        places.append(int(similarities.argmax()))
    return places


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(cosines.cosine_blocks, "__defaults__", (7,))


def test_nearest_training_text_equals_scikit_learn(small_blocks):
    mine = task()
    result, _ = mine.score(embed)
    neighbors = sklearn.neighbors.KNeighborsClassifier(1)
    neighbors.fit(unit(embed(mine.training_texts)), mine.training_labels)
    rows = unit(embed(mine.labeled_texts))
    expected = neighbors.score(rows, mine.labels)
    assert result.score.value == pytest.approx(expected)
    assert 0.3 < expected < 0.95
    assert (result.metric, result.num_items) == ("1-NN accuracy", 60)
    low, high = result.score.interval
    assert low < expected < high
    assert set(mine.texts()) == {*mine.labeled_texts, *mine.training_texts}


def test_without_training_texts_it_is_the_nearest_other_text(small_blocks):
    texts, labels = texts_and_labels(40, "test")
    mine = LabelTask(name="mine", labeled_texts=texts, labels=labels)
    rows = unit(embed(texts))
    places = nearest_by_loops(rows, rows, is_self=True)
    expected = np.mean([labels[p] == labels[i] for i, p in enumerate(places)])
    assert mine.score(embed)[0].score.value == pytest.approx(expected)
    assert 0.3 < expected < 0.95


def test_clusters_equal_scikit_learn():
    mine = task()
    _, result = mine.score(embed)
    rows = unit(embed(mine.labeled_texts))
    scores = [
        sklearn.metrics.normalized_mutual_info_score(
            mine.labels,
            sklearn.cluster.KMeans(
                NUM_LABELS, n_init=3, random_state=seed
            ).fit_predict(rows),
        )
        for seed in (0, 1)
    ]
    assert result.score.value == pytest.approx(np.mean(scores))
    assert (result.metric, result.num_items) == ("cluster NMI", 60)


def test_the_interval_of_clusters_is_around_their_score():
    # Resamples alone are far above it: half their texts are repetitions.
    texts, labels = texts_and_labels(60, "test")
    mine = LabelTask(name="mine", labeled_texts=texts, labels=labels)
    _, result = mine.score(lambda texts: embed(texts, spread=3))
    low, high = result.score.interval
    assert low < result.score.value < high
    assert result.score.resamples.mean() == pytest.approx(result.score.value)


def test_two_models_have_the_same_resamples():
    first, second = task().score(embed)[1], task().score(embed)[1]
    assert (first.score - second.score).interval == (0, 0)


def test_vectors_of_a_diverged_model_are_undefined():
    def diverged(texts):
        rows = embed(texts)
        rows[0, 0] = np.nan
        return rows

    values = [result.score.value for result in task().score(diverged)]
    assert values == [None, None]


def test_vectors_that_are_all_alike_have_one_cluster():
    _, clusters = task().score(lambda texts: np.ones((len(texts), 3)))
    assert clusters.score.value == 0


def test_one_label_has_no_clusters_to_tell():
    mine = LabelTask(
        name="x", labeled_texts=["test 1", "test 2"], labels=["a", "a"]
    )
    values = [result.score.value for result in mine.score(embed)]
    assert values == [1, None]


def test_without_scikit_learn_a_remark_says_so(monkeypatch):
    assert task().remarks() == []
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    (result,) = task().score(embed)
    assert result.metric == "1-NN accuracy"
    (remark,) = task().remarks()
    assert remark.startswith("no clusters: `sklearn.cluster` is needed")
    assert 'pip install "keras-mirror[search]"' in remark


@pytest.mark.parametrize(
    "columns, message",
    [
        ({"labels": ["a"]}, "'labeled_texts': 2, 'labels': 1"),
        ({"labeled_texts": [], "labels": []}, "at least 1"),
        ({"training_texts": ["x"]}, "'training_texts': 1, 'training_labels'"),
        ({"labeled_texts": ["x"], "labels": ["a"]}, "at least two"),
    ],
)
def test_invalid_label_tasks(columns, message):
    valid = {"labeled_texts": ["x", "y"], "labels": ["a", "b"]}
    with pytest.raises(ValueError, match=message):
        LabelTask(name="x", **{**valid, **columns})
