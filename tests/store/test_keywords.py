"""BM25 of SQLite, compared with its formula, and what it leaves out."""

import math
import re

import numpy as np
import pytest

from keras_mirror.store import keywords
from keras_mirror.store.batch import Batch
from keras_mirror.store.batch import put
from keras_mirror.store.batch import remove
from keras_mirror.store.keywords import search_keywords
from keras_mirror.store.store import Store

TEXTS = [
    "the printer is broken",
    "the printer prints the printer manual",
    "Ein Drücker, ein Café",
    "the cat",
    "NOT an operator * OR one",
]


def store_of(texts):
    store = Store.new(4)
    vectors = dict.fromkeys(texts, np.eye(4, dtype="float32")[0])
    with store.change():
        put(store, Batch.of(texts), vectors, replace=False)
    return store


def found(store, query, limit=10):
    return search_keywords(store.connection, query, limit)


def bm25(query, texts, place):
    """Robertson and Zaragoza, 2009, with k1 = 1.2 and b = 0.75."""
    split = [re.findall(r"\w+", text.lower()) for text in texts]
    mean = sum(map(len, split)) / len(split)
    score = 0.0
    for word in query.split():
        number = sum(word in words for words in split)
        idf = math.log((len(split) - number + 0.5) / (number + 0.5))
        count = split[place].count(word)
        length = 1 - 0.75 + 0.75 * len(split[place]) / mean
        score += max(idf, 1e-6) * count * 2.2 / (count + 1.2 * length)
    return score


def test_scores_are_those_of_the_formula():
    texts = [text for text in TEXTS if text.isascii()]
    store = store_of(texts)
    results = found(store, "printer broken")
    assert [place for place, _ in results] == [0, 1]
    for place, score in results:
        expected = bm25("printer broken", texts, place)
        assert score == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    "query, places",
    [
        ("DRUCKER", [2]),
        ("cafe", [2]),
        ("not", [4]),
        ('"the cat" OR (', [4, 3, 0, 1]),
        ("printer*", [1, 0]),
        ("elephant", []),
        ("", []),
        ("?! \0", []),
        ("text : cat", [3]),
    ],
)
def test_queries_are_words_and_no_syntax(query, places):
    assert sorted(place for place, _ in found(store_of(TEXTS), query)) == (
        sorted(places)
    )


def test_removed_texts_are_not_found():
    store = store_of(TEXTS)
    remove(store, ["1"])
    assert [place for place, _ in found(store, "printer")] == [1]
    # Raises an error where the words are not those of the texts.
    store.connection.execute(
        "INSERT INTO keywords (keywords, rank) VALUES ('integrity-check', 1)"
    )


def test_words_that_tell_little_are_left_out(monkeypatch):
    monkeypatch.setattr(keywords, "_ALWAYS_TEXTS", 2)
    store = store_of(TEXTS)
    assert [place for place, _ in found(store, "the cat")] == [3]
    assert len(found(store, "the")) == 3  # there is nothing else
