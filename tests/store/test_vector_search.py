"""Searches among vectors: all of them looked at, or those of like signs."""

import numpy as np
import pytest

from keras_mirror import nearest_rows as nearest_rows_module
from keras_mirror.nearest_rows import largest
from keras_mirror.nearest_rows import nearest_rows
from keras_mirror.store import vector_search
from keras_mirror.store.sign_blocks import MemoryBlocks
from keras_mirror.store.sign_codes import center_of
from keras_mirror.store.sign_codes import sign_codes
from keras_mirror.store.signs import Signs
from keras_mirror.store.vector_search import nearest


def random_vectors(number, embedding_dim=16, seed=0):
    rows = np.random.default_rng(seed).normal(size=(number, embedding_dim))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype("float32")


def signs_of(vectors):
    center = center_of(vectors)
    blocks = MemoryBlocks()
    blocks.write(0, sign_codes(vectors, center))
    return Signs(blocks.read(len(vectors)), center)


@pytest.fixture(autouse=True)
def few_candidates(monkeypatch):
    """As few of small indexes as of large ones."""
    monkeypatch.setattr(vector_search, "_NUM_CANDIDATES", 150)
    monkeypatch.setattr(vector_search, "_CANDIDATES_PER_NEIGHBOR", 5)
    monkeypatch.setattr(vector_search, "_BATCH", 1000)


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


@pytest.mark.parametrize("k", [1, 3, 15, 16, 1000])
def test_the_largest_are_those_of_a_sort(k):
    generator = np.random.default_rng(0)
    for number in (1000, 1024, 1033):
        values = generator.integers(0, 50, number).astype("float32")
        values[generator.random(number) < 0.3] = -np.inf
        expected = sorted(range(number), key=lambda place: -values[place])[:k]
        assert largest(values, k).tolist() == expected
        increasing = np.arange(number, dtype="float32")
        expected = list(range(number - 1, number - 1 - k, -1))
        assert largest(increasing, k).tolist() == expected


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
    found = nearest(queries, vectors, 10, signs_of(vectors))
    assert recall(found, expected) > 0.97
    for query, (similarities, rows) in zip(queries, found, strict=True):
        np.testing.assert_allclose(similarities, vectors[rows] @ query, 1e-5)
        assert (np.diff(similarities) <= 0).all()


@pytest.mark.parametrize("kind", ["all one way", "some long dimensions"])
def test_vectors_that_fill_their_space_unevenly(kind):
    """Their own signs would be the same ones for nearly all."""
    vectors = random_vectors(3050, 64)
    if kind == "all one way":
        vectors += 2 * random_vectors(1, 64, seed=2)
    else:
        vectors *= 0.8 ** np.arange(64, dtype="float32")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors, queries = vectors[50:], vectors[:50]
    found = nearest(queries, vectors, 10, signs_of(vectors))
    assert recall(found, nearest(queries, vectors, 10)) > 0.95


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
    found = nearest(queries, vectors, 10, signs_of(vectors), mask)
    assert all(mask[rows].all() for _, rows in found)
    assert recall(found, expected) > 0.95


def test_fewer_than_k_and_none():
    vectors = random_vectors(20)
    mask = np.zeros(20, bool)
    for signs in (None, signs_of(vectors)):
        [(similarities, rows)] = nearest(vectors[:1], vectors, 5, signs, mask)
        assert len(similarities) == len(rows) == 0
        mask[[3, 7]] = True
        [(_, rows)] = nearest(vectors[3:4], vectors, 5, signs, mask)
        assert rows.tolist() == [3, 7]
        mask[:] = False


def test_many_equal_vectors_do_not_hide_the_others():
    vectors = random_vectors(600)
    vectors[50:550] = vectors[0]
    signs = signs_of(vectors)
    found = nearest(vectors[560:570], vectors, 3, signs)
    assert [rows[0] for rows in places(found)] == list(range(560, 570))
    [(similarities, rows)] = nearest(vectors[:1], vectors, 30, signs)
    assert rows.tolist() == [0, *range(50, 79)]
    np.testing.assert_allclose(similarities, 1, atol=1e-6)


def test_signs_are_asked_by_few_queries_for_few_neighbors(monkeypatch):
    monkeypatch.setattr(vector_search, "_MAX_APPROXIMATE_K", 10)
    monkeypatch.setattr(vector_search, "_NUM_CANDIDATES", 15)
    monkeypatch.setattr(vector_search, "_CANDIDATES_PER_NEIGHBOR", 2)
    monkeypatch.setattr(vector_search, "_BATCH", 4)
    vectors = random_vectors(3000)
    signs, asked = signs_of(vectors), []
    places_of = signs.places

    def counted(query, num_vectors, number, mask):
        asked.append(number)
        return places_of(query, num_vectors, number, mask)

    monkeypatch.setattr(signs, "places", counted)
    nearest(vectors[:1], vectors, 11, signs)
    nearest(vectors[:4], vectors, 10, signs)
    assert asked == []
    nearest(vectors[:3], vectors, 2, signs)
    assert asked == [15 + 3] * 3
    nearest(vectors[:1], vectors, 10, signs)
    assert asked[3:] == [20 + 3]
    nearest(vectors[:1], vectors[:12], 10, signs_of(vectors[:12]))


@pytest.mark.parametrize("number", [np.nan, np.inf, 3])
def test_damaged_vectors_are_found_out(number):
    vectors = random_vectors(20)
    vectors[7] = number
    with pytest.raises(ValueError, match="vectors of length 1|finite numbers"):
        nearest(random_vectors(1, seed=1), vectors, 20)
