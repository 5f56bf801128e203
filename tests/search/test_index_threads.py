"""Texts are added while others are searched for and saved."""

import collections
import copy
import sys

import numpy as np
import pytest
from support.texts import SENTENCES
from support.texts import texts
from support.threads import in_threads

from keras_mirror.search import Index


@pytest.fixture
def many_switches():
    """Lets threads meet in between any two lines."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("in_folder", [True, False])
@pytest.mark.parametrize("exact", [True, False])
def test_adding_beside_queries_and_saving(
    model, exact, in_folder, tmp_path, many_switches
):
    index = Index(model, exact)
    index.add(SENTENCES)
    if in_folder:
        index.save(tmp_path / "texts.index")
        index = Index.load(tmp_path / "texts.index", model)
    at_least = 0.999 if exact else 0.9  # a graph may miss the text itself
    several = [texts(40, seed=seed) for seed in range(3)]

    def add(number):
        for start in range(0, 40, 4):
            # Threads add the same texts too.
            index.add(several[number][start : start + 4] + SENTENCES[:1])

    def query(number):
        for query in SENTENCES * 3:
            results = index.query(query, k=5)[0]
            assert results[0].similarity > at_least and len(results) == 5
            assert all(index.texts[each.row] == each.text for each in results)

    def save(number):
        for time in range(5):
            path = tmp_path / f"{number} {time}.index"
            index.save(path)
            Index.load(path, model).query("a man plays")

    jobs = [(add, 0), (add, 1), (add, 2), (query, 3), (query, 4), (save, 5)]
    in_threads(lambda job: job[0](job[1]), jobs)
    added = [*SENTENCES, *sum(several, []), *SENTENCES[:1] * 30]
    assert collections.Counter(index.texts) == collections.Counter(added)
    one_by_one = Index(model, exact=True)
    one_by_one.add(index.texts)
    np.testing.assert_allclose(
        index._store.embeddings(), one_by_one._store.embeddings(), atol=1e-5
    )
    assert list(index._store.documents) == list(one_by_one._store.documents)
    for text, [best] in zip(added, index.query(added, k=1), strict=True):
        assert best.similarity > at_least, text


def test_a_copy_has_locks_of_its_own(model):
    index = Index(model)
    index.add(SENTENCES)
    other = copy.deepcopy(index)
    other.add("a new text")
    assert len(other) == len(index) + 1
