import sys
import warnings

import numpy as np
import pytest
from support.texts import SENTENCES
from support.texts import texts

from keras_mirror.search import find_duplicates
from keras_mirror.search import group_duplicates
from keras_mirror.search.encoded_texts import EncodedTexts
from keras_mirror.search.group_duplicates import group_encoded_duplicates
from keras_mirror.search.group_duplicates import kept_rows

STRINGS = [*texts(30), "", *SENTENCES, SENTENCES[1], " ", texts(2)[1]]


def encoded(angles, strings=None):
    """Texts whose embeddings point to angles, in degrees."""
    strings = strings or [f"text {number}" for number in range(len(angles))]
    radians = np.deg2rad(np.array(angles, "float64"))
    points = np.stack([np.cos(radians), np.sin(radians)], 1).astype("float32")
    ids = [str(number) for number in range(len(strings))]
    return EncodedTexts(strings, ids, lambda: points)


def connected(pairs):
    """Sets of rows, joined pair by pair."""
    sets = []
    for _, *rows in pairs:
        touched = [each for each in sets if each & set(rows)]
        sets = [each for each in sets if not each & set(rows)]
        sets.append(set(rows).union(*touched))
    return sorted(sets, key=lambda each: (-len(each), min(each)))


@pytest.mark.parametrize("num_similarities", [1, 100, 2**23])
@pytest.mark.parametrize("threshold", [-1, 0.5, 0.8, 0.9, 0.97, 1.0])
def test_groups_are_what_pairs_connect(
    model, threshold, num_similarities, monkeypatch
):
    module = sys.modules[find_duplicates.__module__]
    monkeypatch.setattr(module, "_NUM_SIMILARITIES", num_similarities)
    groups = group_duplicates(model, STRINGS, threshold)
    pairs = find_duplicates(model, STRINGS, threshold)
    assert [set(each.rows) for each in groups] == connected(pairs)
    cosines = {frozenset(pair[1:]): pair[0] for pair in pairs}
    for rows, similarities in groups:
        first, *others = rows
        assert similarities[0] == 1.0 and others == sorted(others)
        for row, similarity in zip(others, similarities[1:], strict=True):
            pair = cosines.get(frozenset([first, row]))
            if pair is None:
                assert similarity < threshold
            else:
                assert similarity == pytest.approx(pair, abs=2e-6)


@pytest.mark.parametrize("num_similarities", [1, 2**23])
def test_many_connected_at_random(num_similarities, monkeypatch):
    module = sys.modules[find_duplicates.__module__]
    monkeypatch.setattr(module, "_NUM_SIMILARITIES", num_similarities)
    generator = np.random.default_rng(0)
    for _ in range(20):
        angles = generator.uniform(0, 360, 100)
        threshold = np.cos(np.deg2rad(generator.uniform(0.5, 4)))
        corpus = encoded(angles)
        found = group_encoded_duplicates(corpus, threshold)
        pairs = [
            (0, one, two)
            for one, two in np.argwhere(
                corpus.embeddings @ corpus.embeddings.T >= threshold
            )
            if one < two
        ]
        assert [set(each.rows) for each in found] == connected(pairs)


def test_a_chain_is_one_group_and_tells_its_ends():
    corpus = encoded([0, 20, 10, 90])
    [group] = group_encoded_duplicates(corpus, np.cos(np.deg2rad(12)))
    assert group.rows.tolist() == [2, 0, 1]
    assert group.similarities.tolist() == [1.0, 0.984808, 0.984808]
    [chain] = group_encoded_duplicates(
        encoded(range(0, 80, 10)), np.cos(np.deg2rad(12))
    )
    assert len(chain.rows) == 8 and chain.similarities.min() < 0.8


def test_the_representative_is_most_similar_then_longest_then_first():
    strings = ["ab", "abc", "abd", "a"]
    for angles, first in (
        ([0, 5, 10, 90], 1),  # in the middle
        ([0, 0, 0, 90], 1),  # the longest, and the first of them
        ([90, 2, 8, 5], 3),  # although it is short
        ([0, 90, 9, 80], 2),  # of two, the longer one
    ):
        groups = group_encoded_duplicates(encoded(angles, strings), 0.98)
        assert groups[0].rows[0] == first


def test_a_text_that_is_there_often_counts_as_often():
    strings = ["a longer one", "often", "another", *["often"] * 3]
    [group] = group_encoded_duplicates(encoded([0, 5, 2], strings), 0.99)
    assert group.rows.tolist() == [1, 0, 2, 3, 4, 5]
    assert group.similarities[3:].tolist() == [1.0, 1.0, 1.0]


def test_a_thousand_equal_lines_are_one_group_and_no_pairs_are_cut():
    strings = ["again"] * 1000 + ["other", "", "  ", "alone", ""]
    corpus = encoded([0, 1, 90], strings)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        [group] = group_encoded_duplicates(corpus, 0.9)
    assert group.rows.tolist() == [0, *range(1, 1001)]
    assert kept_rows(corpus, [group]) == [0, 1003]


def test_rows_that_stay(model):
    corpus = EncodedTexts.of(model, STRINGS)
    groups = group_encoded_duplicates(corpus, 0.9)
    kept = kept_rows(corpus, groups)
    assert kept == sorted(kept) and not {30, 42} & set(kept)
    grouped = {row for each in groups for row in each.rows}
    assert {each.rows[0] for each in groups} == grouped & set(kept)
    assert {*range(44)} - grouped - {30, 42} == set(kept) - grouped
    assert kept_rows(EncodedTexts.of(model, []), []) == []


@pytest.mark.parametrize("strings", [[], ["a man"], ["", " ", ""], "a man"])
def test_too_few_texts_have_no_groups(model, strings):
    assert group_duplicates(model, strings, -1) == []


@pytest.mark.parametrize("threshold", [1.1, "0.9", True])
def test_groups_refuse_a_threshold(model, threshold):
    message = (
        "^`threshold` must be a cosine, from -1 to 1. "
        f"Received: threshold={threshold!r}$"
    )
    with pytest.raises(ValueError, match=message):
        group_duplicates(model, ["a man"], threshold)
