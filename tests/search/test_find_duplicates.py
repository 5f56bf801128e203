import re
import sys

import numpy as np
import pytest
from support.texts import SENTENCES
from support.texts import texts

from keras_mirror.search import DuplicatePair
from keras_mirror.search import find_duplicates

# The module, whose name the function has taken.
module = sys.modules[find_duplicates.__module__]


def every_pair(model, strings, threshold):
    """Two loops over all texts."""
    pairs = []
    vectors = [model.encode_text(text)[0].astype("float64") for text in strings]
    for row_1, one in enumerate(vectors):
        for row_2 in range(row_1 + 1, len(strings)):
            if not strings[row_1].strip() or not strings[row_2].strip():
                continue
            other = vectors[row_2]
            norms = np.linalg.norm(one) * np.linalg.norm(other)
            cosine = round(float(one @ other / norms), 6)
            if cosine >= threshold:
                pairs.append((cosine, row_1, row_2))
    return sorted(pairs, key=lambda pair: (-pair[0], *pair[1:]))


@pytest.mark.parametrize("num_similarities", [1, 100, 2**23])
@pytest.mark.parametrize("threshold", [-1, 0.5, 0.9])
def test_finds_every_pair(model, threshold, num_similarities, monkeypatch):
    monkeypatch.setattr(module, "_NUM_SIMILARITIES", num_similarities)
    strings = [*texts(30), "", *SENTENCES, SENTENCES[1], " ", texts(2)[1]]
    found = find_duplicates(model, strings, threshold)
    expected = every_pair(model, strings, threshold)
    assert {pair[1:] for pair in found} == {pair[1:] for pair in expected}
    if threshold == -1:
        assert len(found) == 42 * 41 // 2
    # Rounding may swap pairs of nearly the same cosine.
    cosines = [pair.similarity for pair in found]
    assert cosines == sorted(cosines, reverse=True)
    for cosine, *rows in found:
        [other] = [pair[0] for pair in expected if list(pair[1:]) == rows]
        assert cosine == pytest.approx(other, abs=2e-6)
    assert found[:2] == [(1.0, 1, 43), (1.0, 32, 41)]


def test_types(model):
    [pair] = find_duplicates(model, ["a man", "a cat", "a man"], 0.9999)
    assert pair == (1.0, 0, 2) and isinstance(pair, DuplicatePair)
    assert [type(part) for part in pair] == [float, int, int]
    assert pair.row_1 == 0 and pair.row_2 == 2


@pytest.mark.parametrize("strings", [[], ["a man"], ["", " "], "a man"])
def test_too_few_texts_have_no_pairs(model, strings):
    assert find_duplicates(model, strings, -1) == []


def test_equal_texts_are_exactly_similar(model):
    strings = [*SENTENCES, *SENTENCES[::-1]]
    found = find_duplicates(model, strings, 1.0)
    assert found == [(1.0, row, 19 - row) for row in range(10)]


@pytest.mark.parametrize("num_similarities", [1, 90, 2**23])
@pytest.mark.parametrize("limit", [1, 3, 20, 100])
def test_keeps_the_best(model, limit, num_similarities, monkeypatch):
    monkeypatch.setattr(module, "_NUM_SIMILARITIES", num_similarities)
    strings = [*SENTENCES, *SENTENCES[:5], "a man", "a man", "a man"]
    pairs = find_duplicates(model, strings, -1)
    assert len(pairs) == 153
    message = (
        "^153 pairs have a cosine of at least -1; "
        f"the best {limit} of them are kept$"
    )
    with pytest.warns(UserWarning, match=message):
        kept = find_duplicates(model, strings, -1, limit=limit)
    assert kept == pairs[:limit]
    assert find_duplicates(model, strings, -1, limit=153) == pairs


@pytest.mark.parametrize("threshold", [1.1, -2, float("nan"), "0.9", True])
def test_refuses_threshold(model, threshold):
    message = (
        "^`threshold` must be a cosine, from -1 to 1. "
        f"Received: threshold={threshold!r}$"
    )
    with pytest.raises(ValueError, match=message):
        find_duplicates(model, ["a man"], threshold)


@pytest.mark.parametrize("limit", [0, -3, 2.0, None])
def test_refuses_limit(model, limit):
    message = (
        "^`limit` must be a positive integer. "
        f"Received: limit={re.escape(repr(limit))}$"
    )
    with pytest.raises(ValueError, match=message):
        find_duplicates(model, ["a man"], limit=limit)


def test_refuses_what_is_no_string(model):
    message = (
        "^Texts must be strings. Received: None of type NoneType at index 1$"
    )
    with pytest.raises(TypeError, match=message):
        find_duplicates(model, ["a man", None])
    with pytest.raises(TypeError, match="^`model` must be a `MirrorModel`."):
        find_duplicates("model", ["a man"])


def test_progress_counts_different_texts(model):
    counts = []
    find_duplicates(
        model, [*SENTENCES, "", *SENTENCES], on_progress=counts.append
    )
    assert counts == [10]
