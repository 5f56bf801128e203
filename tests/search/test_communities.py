import numpy as np
import pytest
from support.texts import SENTENCES

from keras_mirror.nearest_rows import nearest_others
from keras_mirror.search import Cluster
from keras_mirror.search import cluster
from keras_mirror.search import outliers
from keras_mirror.search.cluster import cluster_encoded
from keras_mirror.search.communities import _graph
from keras_mirror.search.communities import communities
from keras_mirror.search.encoded_texts import EncodedTexts


def unit(vectors):
    vectors = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors.astype("float32")


def planted(sizes, seed=0, noise=0.02, dim=24):
    """Embeddings around random centers, mixed, and whose each one is."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.repeat(np.arange(len(sizes)), sizes))
    centers = unit(generator.normal(size=(len(sizes), dim)))
    noise = generator.normal(size=(len(labels), dim)) * noise
    return unit(centers[labels] + noise), labels


def sets(labels):
    return {
        frozenset(np.flatnonzero(labels == label).tolist())
        for label in np.unique(labels)
        if label != -1
    }


def encoded(embeddings, texts=None):
    texts = texts or [f"text {row}" for row in range(len(embeddings))]
    ids = [str(row) for row in range(len(texts))]
    return EncodedTexts(texts, ids, lambda: embeddings)


@pytest.mark.parametrize("seed", [0, 1, 7, 2**32 - 1, None])
@pytest.mark.parametrize("sizes", [(30, 20, 12), (16,) * 9, (8, 8)])
def test_planted_groups_are_found_without_a_number(sizes, seed):
    embeddings, labels = planted(sizes)
    found = communities(embeddings, np.ones(len(labels), int), seed)
    assert sets(found) == sets(labels)


def test_a_seed_gives_the_same_clusters_in_the_same_order():
    embeddings = planted((30,) * 10, noise=0.25)[0]
    runs = [
        [each.rows.tolist() for each in cluster_encoded(encoded(embeddings))]
        for _ in range(3)
    ]
    assert runs[0] == runs[1] == runs[2] and len(runs[0]) > 3
    labels = [
        communities(embeddings, np.ones(300, int), seed) for seed in range(9)
    ]
    assert len({frozenset(sets(each)) for each in labels}) > 1


def test_largest_first_then_that_of_the_lowest_row():
    embeddings, labels = planted((12, 16, 12, 12))
    clusters = cluster_encoded(encoded(embeddings))
    assert [len(each.rows) for each in clusters] == [16, 12, 12, 12]
    firsts = [min(each.rows) for each in clusters[1:]]
    assert firsts == sorted(firsts)
    assert {frozenset(each.rows.tolist()) for each in clusters} == sets(labels)


def test_what_is_near_to_nothing_is_an_outlier():
    embeddings, labels = planted((20, 20, 1, 1, 1))
    found = communities(embeddings, np.ones(43, int))
    assert sets(found) == {each for each in sets(labels) if len(each) > 1}
    assert (found[labels > 1] == -1).all()
    clusters = cluster_encoded(encoded(embeddings))
    texts = [f"text {row}" for row in range(43)]
    assert outliers(clusters, texts) == np.flatnonzero(labels > 1).tolist()


@pytest.mark.parametrize(
    "size, others, is_cluster",
    [(1, 20, False), (2, 20, True), (4, 50, False), (5, 50, True)],
)
def test_the_fewest_lines_of_a_cluster(size, others, is_cluster):
    # At right angles: no link leads out.
    embeddings = np.eye(2, dtype="float32")[[0] * size + [1] * others]
    found = communities(embeddings, np.ones(size + others, int))
    assert (found[:size] != -1).all() == is_cluster
    assert len(sets(found)) == 1 + is_cluster


def test_repeated_lines_count():
    embeddings = np.eye(2, dtype="float32")[[0] * 50 + [1]]
    for count, is_cluster in ((4, False), (5, True)):
        found = communities(embeddings, np.array([1] * 50 + [count]))
        assert (found[-1] != -1) == is_cluster


@pytest.mark.parametrize("size, k", [(4, 2), (29, 14), (600, 15)])
def test_the_graph_is_that_of_the_definition(size, k):
    embeddings = planted((size - 1,), noise=0.1)[0]
    away = np.r_[np.zeros(23), 1]  # is near to some, and nothing is to it
    embeddings = np.r_[embeddings, [unit(embeddings[0] + 2 * away)]]
    cosines, neighbors = nearest_others(embeddings, k)
    near = [
        dict(zip(*each, strict=True))
        for each in zip(neighbors, cosines, strict=True)
    ]
    linked = {
        row
        for row in range(size)
        if any(
            row in near[other] for other in near[row] if near[row][other] > 0
        )
    }
    expected = np.zeros((size, size))
    for row in linked:
        for other, cosine in near[row].items():
            if other in linked and cosine > 0:
                expected[row, other] += cosine
                expected[other, row] += cosine
    graph = _graph(embeddings)
    np.testing.assert_allclose(graph.toarray(), expected, atol=1e-7)
    assert size - 1 not in linked


def test_more_weight_is_within_the_communities_than_by_chance():
    """Modularity, by loops: no worse than that of the planted groups."""
    embeddings, labels = planted((20,) * 5, noise=0.2)
    weights = _graph(embeddings).toarray()
    found = communities(embeddings, np.ones(100, int))
    assert modularity(weights, found) >= 0.99 * modularity(weights, labels)


def modularity(weights, labels):
    degrees, total = weights.sum(axis=1), weights.sum()
    value = 0
    for row in range(len(labels)):
        for other in range(len(labels)):
            if labels[row] == labels[other]:
                chance = 2 * degrees[row] * degrees[other] / total
                value += (weights[row, other] - chance) / total
    return value


@pytest.mark.parametrize(
    "embeddings",
    [np.eye(1), np.eye(2), np.zeros((1, 2)), [[1, 0], [-1, 0]]],
)
def test_nothing_is_near_to_anything(embeddings):
    embeddings = np.asarray(embeddings, "float32")
    found = communities(embeddings, np.ones(len(embeddings), int))
    assert found.tolist() == [-1] * len(embeddings)
    assert cluster_encoded(encoded(embeddings)) == []


def test_equal_embeddings_are_one_cluster():
    embeddings = np.eye(2, dtype="float32")[[0] * 40]
    found = communities(embeddings, np.ones(40, int))
    assert sets(found) == {frozenset(range(40))}


def test_embeddings_must_be_finite():
    embeddings = planted((8, 8))[0]
    embeddings[3, 1] = np.nan
    with pytest.raises(ValueError, match="^Embeddings must be finite num"):
        communities(embeddings, np.ones(16, int))


def test_outliers_are_neither_clustered_nor_empty():
    clusters = [Cluster(np.array([4, 0]), np.ones(2)), Cluster([1], [1])]
    texts = ["a", "b", " ", "c", "d", "", "e"]
    assert outliers(clusters, texts) == [3, 6]
    assert outliers([], np.array(["a", " "])) == [0]
    assert outliers([], []) == []


def test_texts_of_a_model(model):
    texts = [*SENTENCES, *SENTENCES, ""]
    clusters = cluster(model, texts)
    rows = [int(row) for each in clusters for row in each.rows]
    assert sorted([*rows, *outliers(clusters, texts)]) == list(range(20))
    for row in range(10):
        assert any({row, row + 10} <= set(each.rows) for each in clusters)
