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
    # Raises an error where the table is damaged.
    store.connection.execute(
        "INSERT INTO keywords (keywords, rank) VALUES ('integrity-check', 1)"
    )


def test_words_that_tell_little_are_left_out(monkeypatch):
    monkeypatch.setattr(keywords, "_ALWAYS_TEXTS", 2)
    store = store_of(TEXTS)
    assert [place for place, _ in found(store, "the cat")] == [3]
    assert len(found(store, "the")) == 3  # there is nothing else


# === Scripts without spaces ===

UNSPACED = [
    "今天天气很好，我们去公园。",
    "明日の天気は雨です",
    "Die Wettervorhersage",
    "วันนี้อากาศดีมาก",
    "GPU加速的搜索",
    "हिन्दी में मौसम",
]


@pytest.mark.parametrize(
    "query, places",
    [
        ("天气", [0]),
        ("公园", [0]),
        ("天気", [1]),
        ("天", [0, 1]),
        ("雨", [1]),
        ("園", []),
        ("อากาศ", [3]),
        ("搜索", [4]),
        ("gpu", [4]),
        ("Gpu加速", [4]),
        ("मौसम", [5]),
        ("मौस", []),
    ],
)
def test_words_within_a_run_are_found(query, places):
    assert sorted(place for place, _ in found(store_of(UNSPACED), query)) == (
        places
    )


def test_a_longer_run_in_common_is_better():
    store = store_of(["天气预报", "天空", "今天的天气", "猫"])
    assert [place for place, _ in found(store, "天气预报")][0] == 0
    assert {place for place, _ in found(store, "天气预报")} == {0, 2}


def test_letters_that_case_folding_changes():
    store = store_of(["Straße", "STRASSE", "İzmir"])
    assert [place for place, _ in found(store, "straße")] == [0]


def test_removed_texts_without_spaces_are_not_found():
    store = store_of(UNSPACED)
    remove(store, ["1"])
    assert found(store, "天气") == []
    assert [place for place, _ in found(store, "天気")] == [1]
