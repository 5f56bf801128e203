"""Searches among vectors: all of them looked at, or in a graph."""

import types

import numpy as np
import pytest

from keras_mirror import nearest_rows as nearest_rows_module
from keras_mirror.nearest_rows import nearest_rows
from keras_mirror.store import vector_search
from keras_mirror.store.neighbor_graph import NeighborGraph
from keras_mirror.store.vector_search import nearest


def random_vectors(number, embedding_dim=16, seed=0):
    rows = np.random.default_rng(seed).normal(size=(number, embedding_dim))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype("float32")


def graph_of(vectors):
    graph = NeighborGraph(vectors.shape[1])
    graph.extend(vectors)
    return graph


def places(found):
    return [each.tolist() for _, each in found]


def recall(found, expected):
    pairs = zip(places(found), places(expected), strict=True)
    hits = [len(set(one) & set(other)) / len(other) for one, other in pairs]
    return np.mean(hits)


def test_nearest_rows_are_those_of_a_sort(monkeypatch):
    monkeypatch.setattr(nearest_rows_module, "_NUM_SIMILARITIES", 300)
    vectors, queries = random_vectors(100), random_vectors(10, seed=1)
    for left_out in ([], [3, 50, 99]):
        similarities, rows = nearest_rows(queries, vectors, 7, left_out)
        for place, query in enumerate(queries):
            cosines = [float(vector @ query) for vector in vectors]
            kept = [row for row in range(100) if row not in left_out]
            best = sorted(kept, key=lambda row: -cosines[row])[:7]
            assert rows[place].tolist() == best
            expected = [cosines[row] for row in best]
            np.testing.assert_allclose(similarities[place], expected, atol=1e-6)


def test_equally_similar_rows_come_in_their_order():
    vectors = np.eye(4, dtype="float32")[[1, 0] * 30]
    _, rows = nearest_rows(np.eye(4, dtype="float32")[:1], vectors, 50)
    assert rows.tolist() == [[*range(1, 60, 2), *range(0, 40, 2)]]


def test_zero_vectors_are_similar_to_nothing():
    vectors = np.zeros((3, 4), "float32")
    similarities, rows = nearest_rows(vectors[:1], vectors, 3)
    assert similarities.tolist() == [[0, 0, 0]]
    assert rows.tolist() == [[0, 1, 2]]


def test_approximate_search_finds_nearly_all():
    vectors, queries = random_vectors(3000), random_vectors(50, seed=1)
    expected = nearest(queries, vectors, 10)
    found = nearest(queries, vectors, 10, graph_of(vectors))
    assert recall(found, expected) > 0.97
    for query, (similarities, rows) in zip(queries, found, strict=True):
        np.testing.assert_allclose(similarities, vectors[rows] @ query, 1e-5)
        assert (np.diff(similarities) <= 0).all()
    # Grown in parts, and with some behind it, it is as good.
    grown = graph_of(vectors[:1000])
    for end in range(1500, 3000, 500):
        grown.extend(vectors[:end])
    assert len(grown) == 2500
    assert recall(nearest(queries, vectors, 10, grown), expected) > 0.97


@pytest.mark.parametrize("most_gathered", [0, 20_000])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 1])
def test_masks(share, most_gathered, monkeypatch):
    monkeypatch.setattr(vector_search, "_MAX_GATHERED", most_gathered)
    vectors, queries = random_vectors(3000), random_vectors(50, seed=1)
    mask = np.random.default_rng(0).random(3000) < share
    allowed = np.flatnonzero(mask)
    expected = [
        (similarities, allowed[rows])
        for similarities, rows in nearest(queries, vectors[allowed], 10)
    ]
    assert places(nearest(queries, vectors, 10, None, mask)) == places(expected)
    found = nearest(queries, vectors, 10, graph_of(vectors), mask)
    assert all(mask[rows].all() for _, rows in found)
    assert recall(found, expected) > 0.95


def test_fewer_than_k_and_none():
    vectors = random_vectors(20)
    mask = np.zeros(20, bool)
    for graph in (None, graph_of(vectors)):
        [(similarities, rows)] = nearest(vectors[:1], vectors, 5, graph, mask)
        assert len(similarities) == len(rows) == 0
        mask[[3, 7]] = True
        [(_, rows)] = nearest(vectors[3:4], vectors, 5, graph, mask)
        assert rows.tolist() == [3, 7]
        mask[:] = False


def test_many_equal_vectors_do_not_hide_the_others(tmp_path):
    vectors = random_vectors(600)
    vectors[50:550] = vectors[0]
    graph = graph_of(vectors[:300])
    graph.extend(vectors)
    assert len(graph) == 600 and len(graph._index) == 100
    graph.save(tmp_path / "graph")
    read = NeighborGraph(16)
    read.restore(tmp_path / "graph", 600, graph.equal_places(), view=False)
    more = np.concatenate([vectors, vectors[:5]])
    read.extend(more)
    assert len(read) == 605 and len(read._index) == 100  # nothing new
    assert places(nearest(more[-1:], more, 1, read)) == [[4]]
    for each in (graph, read):
        found = nearest(vectors[560:570], vectors, 3, each)
        assert [rows[0] for rows in places(found)] == list(range(560, 570))
        [(similarities, rows)] = nearest(vectors[:1], vectors, 30, each)
        assert rows.tolist() == [0, *range(50, 79)]
        np.testing.assert_allclose(similarities, 1, atol=1e-6)


@pytest.mark.parametrize("pair", [(3, 3), (600, 0), (5, -1), (2, 4)])
def test_equal_places_that_lead_outside_are_refused(pair, tmp_path):
    graph_of(random_vectors(10)).save(tmp_path / "graph")
    with pytest.raises(ValueError, match=f"no vector {pair[0]} is equal to"):
        NeighborGraph(16).restore(tmp_path / "graph", 11, [pair])


def test_a_graph_that_finds_too_few_is_not_believed():
    vectors = random_vectors(40)
    graph = graph_of(vectors)
    search = graph._index.search

    def find_two(*arguments, **options):
        keys = search(*arguments, **options).keys
        return types.SimpleNamespace(keys=keys[:2])

    graph._index = types.SimpleNamespace(search=find_two)
    found = nearest(vectors[:2], vectors, 5, graph)
    assert places(found) == places(nearest(vectors[:2], vectors, 5))


def test_a_graph_is_of_use_for_the_first_neighbors_only(monkeypatch):
    monkeypatch.setattr(vector_search, "_MAX_APPROXIMATE_K", 10)
    used = []
    find = NeighborGraph.places

    def counted(self, query, number):
        used.append(number)
        return find(self, query, number)

    monkeypatch.setattr(NeighborGraph, "places", counted)
    vectors = random_vectors(21)
    nearest(vectors[:1], vectors, 11, graph_of(vectors))
    assert used == []
    nearest(vectors[:1], vectors, 10, graph_of(vectors))
    assert used == [20]


@pytest.mark.parametrize("number", [np.nan, np.inf, 3])
def test_damaged_vectors_are_found_out(number):
    vectors = random_vectors(20)
    vectors[7] = number
    with pytest.raises(ValueError, match="vectors of length 1|finite numbers"):
        nearest(random_vectors(1, seed=1), vectors, 20)
