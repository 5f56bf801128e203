import re
import sys

import numpy as np
import pytest
import sklearn.cluster
from support.models import make_model
from support.texts import SENTENCES
from support.texts import texts

from keras_mirror.search import Cluster
from keras_mirror.search import cluster

# The module, whose name the function has taken.
module = sys.modules[cluster.__module__]
STRINGS = [*texts(40), "", *SENTENCES, *SENTENCES[:3], "  "]
FULL = [row for row, text in enumerate(STRINGS) if text.strip()]


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def groups(labels, rows):
    """What belongs together, whatever it is called."""
    found = {}
    for label, row in zip(labels, rows, strict=True):
        found.setdefault(label, set()).add(row)
    return {frozenset(group) for group in found.values()}


def assert_whole(clusters, model, strings=STRINGS):
    """Every text once; the centers and the orders are right."""
    rows = [int(row) for each in clusters for row in each.rows]
    full = [row for row, text in enumerate(strings) if text.strip()]
    assert sorted(rows) == full
    sizes = [len(each.rows) for each in clusters]
    assert sizes == sorted(sizes, reverse=True)
    vectors = unit(model.encode_text(strings).astype("float64"))
    for each in clusters:
        assert isinstance(each, Cluster)
        center = unit(vectors[each.rows].mean(axis=0))
        expected = vectors[each.rows] @ center
        np.testing.assert_allclose(each.similarities, expected, atol=1e-5)
        assert (np.diff(each.similarities) <= 0).all()


@pytest.mark.parametrize("num_clusters", [1, 2, 7, 30])
def test_k_means(model, num_clusters):
    clusters = cluster(model, STRINGS, num_clusters)
    assert len(clusters) == num_clusters
    assert_whole(clusters, model)
    assert groups_of(clusters) == groups_of(
        cluster(model, STRINGS, num_clusters)
    )


def groups_of(clusters):
    return {frozenset(each.rows.tolist()) for each in clusters}


def test_k_means_is_scikit_learns_on_every_line(model):
    centers = unit(np.random.default_rng(0).normal(size=(3, 8)))
    rows = np.repeat([0, 1, 2], [30, 20, 10])
    noise = np.random.default_rng(1).normal(size=(60, 8)) / 50
    fake = fake_model(centers[rows] + noise)
    clusters = cluster(fake, fake.texts, num_clusters=3)
    assert groups_of(clusters) == groups(rows, range(60))
    assert [len(each.rows) for each in clusters] == [30, 20, 10]


def test_repeated_texts_count_as_often_as_they_come(monkeypatch):
    fake = fake_model(np.random.default_rng(0).normal(size=(20, 8)))
    strings = [*fake.texts, *[fake.texts[3]] * 9]
    seen = {}
    fit_predict = sklearn.cluster.KMeans.fit_predict

    def recorded(self, vectors, sample_weight):
        seen["weights"] = sample_weight.tolist()
        return fit_predict(self, vectors, sample_weight=sample_weight)

    monkeypatch.setattr(sklearn.cluster.KMeans, "fit_predict", recorded)
    clusters = cluster(fake, strings, num_clusters=4)
    assert seen["weights"] == [1] * 3 + [10] + [1] * 16
    own = next(each for each in clusters if 3 in each.rows)
    assert {3, *range(20, 29)} <= set(own.rows.tolist())
    assert_whole(clusters, fake, strings)


def fake_model(vectors):
    """A model whose vectors are known, with a text for each."""
    model = make_model()
    vectors = np.asarray(vectors, "float32")
    names = [f"text {number}" for number in range(len(vectors))]
    rows = {name: row for row, name in enumerate(names)}
    model.texts = names
    ids = {}
    model.preprocessor.tokenize = lambda texts, prompt: [
        ids.setdefault(text, [rows[text]]) for text in texts
    ]
    model.preprocessor.pack = lambda ids, width: {
        "rows": np.array([row[0] if row else 0 for row in ids])
    }
    model.predict_on_batch = lambda features: vectors[features["rows"]]
    return model


@pytest.mark.parametrize("block_size", [1, 7, 256])
@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
def test_threshold_is_scikit_learns_average_linkage(
    threshold, block_size, monkeypatch
):
    monkeypatch.setattr(module, "_BLOCK_SIZE", block_size)
    vectors = np.random.default_rng(0).normal(size=(60, 8)) + 0.5
    fake = fake_model(vectors)
    clusters = cluster(fake, fake.texts, threshold=threshold)
    reference = sklearn.cluster.AgglomerativeClustering(
        n_clusters=None,
        distance_threshold=1 - threshold,
        metric="cosine",
        linkage="average",
    )
    expected = groups(reference.fit_predict(vectors), range(60))
    assert groups_of(clusters) == expected
    assert 1 < len(clusters) < 60
    assert_whole(clusters, fake, fake.texts)


def test_threshold_with_repeated_texts(model):
    clusters = cluster(model, STRINGS, threshold=0.9)
    assert_whole(clusters, model)
    for row in range(3):  # comes twice
        own = next(each for each in clusters if 41 + row in each.rows)
        assert 51 + row in own.rows
    assert len(cluster(model, STRINGS, threshold=-1)) == 1
    assert len(cluster(model, ["a man", "a cat", "a man"], threshold=1)) == 2


def test_equal_clusters_come_in_the_order_of_their_first_texts(model):
    strings = ["a cat", "it rains", "a man plays", "it rains", "a cat"]
    clusters = cluster(model, strings, num_clusters=3)
    assert [each.rows.tolist() for each in clusters] == [[0, 4], [1, 3], [2]]


def test_zero_vectors(model):
    fake = fake_model([[0] * 8, [0] * 8, [1] * 8])
    for options in ({"num_clusters": 2}, {"threshold": 0.5}):
        clusters = cluster(fake, fake.texts, **options)
        rows = sorted(int(row) for each in clusters for row in each.rows)
        assert rows == [0, 1, 2]
        assert all(np.isfinite(each.similarities).all() for each in clusters)


@pytest.mark.parametrize("strings", [[], ["", " "]])
def test_no_texts_no_clusters(model, strings):
    assert cluster(model, strings, threshold=0.5) == []


@pytest.mark.parametrize("options", [{"num_clusters": 1}, {"threshold": 0.5}])
def test_one_text(model, options):
    [each] = cluster(model, ["", "a man", "a man"], **options)
    assert each.rows.tolist() == [1, 2]
    np.testing.assert_allclose(each.similarities, 1, atol=1e-6)


def test_refuses_both(model):
    message = (
        "^At most one of `num_clusters` and `threshold` must be given. "
        "Received: num_clusters=2, threshold=0.5$"
    )
    with pytest.raises(ValueError, match=message):
        cluster(model, ["a man"], 2, 0.5)


@pytest.mark.parametrize("num_clusters", [0, -1, 3, 1.0, True])
def test_refuses_num_clusters(model, num_clusters):
    message = (
        "^`num_clusters` must be an integer from 1 to 2, the number of "
        f"different texts. Received: num_clusters={num_clusters!r}$"
    )
    with pytest.raises(ValueError, match=message):
        cluster(model, ["a man", "a cat", "a man", ""], num_clusters)


@pytest.mark.parametrize("threshold", [1.1, -2, float("nan"), "0.9", True])
def test_refuses_threshold(model, threshold):
    message = (
        "^`threshold` must be a cosine, from -1 to 1. "
        f"Received: threshold={threshold!r}$"
    )
    with pytest.raises(ValueError, match=message):
        cluster(model, ["a man"], threshold=threshold)


@pytest.mark.parametrize("num_clusters", [None, 2])
@pytest.mark.parametrize("seed", [-1, 1.5, True, 2**32])
def test_refuses_seed(model, seed, num_clusters):
    message = f"^`seed` must be an integer from 0 to .* Received: seed={seed}$"
    with pytest.raises(ValueError, match=message):
        cluster(model, ["a man", "a cat"], num_clusters, seed=seed)


def test_refuses_too_many_texts_for_a_threshold(model, monkeypatch):
    monkeypatch.setattr(module, "MAX_LINKED", 9)
    message = (
        "^With `threshold` there must be at most 9 different texts: its memory "
        "grows with their square. Received: 10 texts. Give `num_clusters` "
        "instead$"
    )
    with pytest.raises(ValueError, match=message):
        cluster(model, SENTENCES, threshold=0.5)
    assert len(cluster(model, SENTENCES, num_clusters=2)) == 2
    assert cluster(model, SENTENCES[:9] * 3, threshold=0.5)


def test_refuses_too_many_texts_without_a_number(model, monkeypatch):
    monkeypatch.setattr(module, "MAX_COMPARED", 9)
    message = (
        "^Without `num_clusters` and `threshold` there must be at most 9 "
        "different texts: its time grows with their square. Received: 10 "
        "texts. Give `num_clusters` instead$"
    )
    with pytest.raises(ValueError, match=message):
        cluster(model, SENTENCES)
    cluster(model, SENTENCES[:9] * 3)


def test_progress_counts_different_texts(model):
    counts = []
    cluster(model, STRINGS, num_clusters=2, on_progress=counts.append)
    assert counts == [50]


@pytest.mark.parametrize(
    "name, options",
    [
        ("sknetwork.clustering", {}),
        ("sklearn.cluster", {"num_clusters": 2}),
        ("scipy.cluster.hierarchy", {"threshold": 0.5}),
    ],
)
def test_missing_extra_is_named(model, name, options, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    message = (
        f"^`{re.escape(name)}` is needed for this and cannot be imported: .*"
        r'Install it with `pip install "keras-mirror\[search\]"`$'
    )
    counts = []
    with pytest.raises(ImportError, match=message):
        cluster(model, SENTENCES, **options, on_progress=counts.append)
    assert not counts
