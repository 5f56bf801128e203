import numpy as np
import pytest

from keras_mirror.evidence.judge import BLOCK_SIZE
from keras_mirror.evidence.judge import comparison_key
from keras_mirror.evidence.judge import distinct_texts
from keras_mirror.evidence.judge import draw_blind_pairs

NUMBERS = [f"text {number}" for number in range(2 * BLOCK_SIZE)]


def first(queries, k):
    """The query itself, and what all find."""
    return [[query, *"abcde"][:k] for query in queries]


def second(queries, k):
    """Another text for odd queries, another order for even ones."""
    return [
        ["z", *"abcde"][:k] if int(query.split()[1]) % 2 else [*"edcba", query]
        for query in queries
    ]


@pytest.mark.parametrize(
    "one, other, is_same",
    [
        ("A man plays.", "a  man plays", True),
        ("Help!", "“help”", True),
        ("C++", "C", False),
        ("3.5 pounds", "35 pounds", False),
        ("?", "!", False),
    ],
)
def test_near_equal_strings(one, other, is_same):
    assert (comparison_key(one) == comparison_key(other)) == is_same


def test_near_equal_texts_are_in_once():
    texts = ["A man.", "a man", "", "a woman", "a man!"]
    assert sorted(distinct_texts(texts, 10, seed=0)) == ["A man.", "a woman"]
    drawn = distinct_texts(NUMBERS, 5, seed=3)
    assert len(set(drawn)) == 5 and drawn == distinct_texts(NUMBERS, 5, seed=3)
    assert drawn != distinct_texts(NUMBERS, 5, seed=4)


def test_only_what_differs_is_shown_and_the_rest_counted():
    blind = draw_blind_pairs(NUMBERS[:100], [first, second], 80, seed=0)
    assert (blind.num_searched, blind.num_same) == (100, 50)
    shown = {pair.query for pair in blind.pairs}
    assert shown == {query for query in NUMBERS[:100] if int(query[5:]) % 2}


def test_no_query_finds_itself_and_five_are_shown():
    blind = draw_blind_pairs(NUMBERS[:20], [first, second], 20, seed=0)
    for pair in blind.pairs:
        sides = [pair.left, pair.right][:: 1 if pair.first_is_left else -1]
        assert sides == [list("abcde"), list("zabcd")]


def test_queries_that_differ_from_a_text_in_case_only_do_not_find_it():
    def search(queries, k):
        return [["a MAN!", "two dogs"] for _ in queries]

    blind = draw_blind_pairs(["A man"], [search, first], 1, seed=0)
    lists = [blind.pairs[0].left, blind.pairs[0].right]
    assert sorted(lists) == [list("abcde"), ["two dogs"]]


def test_the_seed_draws_queries_and_sides():
    def pairs(seed):
        return draw_blind_pairs(NUMBERS, [first, second], 60, seed).pairs

    assert pairs(1) == pairs(1)
    one, other = ({pair.query for pair in pairs(seed)} for seed in (1, 2))
    assert one != other
    left = [pair.first_is_left for seed in range(9) for pair in pairs(seed)]
    # Of 540 coin tosses: five standard deviations around the half.
    assert abs(np.mean(left) - 0.5) < 5 * 0.5 / np.sqrt(540)


def test_searching_ends_when_there_are_enough():
    blind = draw_blind_pairs(NUMBERS, [first, second], 3, seed=0)
    assert len(blind.pairs) == 3 and blind.num_searched == BLOCK_SIZE
    everything = draw_blind_pairs(NUMBERS, [first, first], 3, seed=0)
    assert everything == ([], 2 * BLOCK_SIZE, 2 * BLOCK_SIZE)
