"""Blind pairs of search results, between which a person chooses.

A person sees what two encoders find for the same query, side by side, without
knowing which encoder found what.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from keras_mirror.data import sample_strings
from keras_mirror.search import Index

NUM_RESULTS = 5
# Queries searched at a time: enough to see how often the encoders differ.
BLOCK_SIZE = 256
_PUNCTUATION = ".,;:!?\"'…“”‘’«»()"


class BlindPair(NamedTuple):
    """What two encoders find for a query, in an order drawn at random.

    Args:
        query: String.
        left: List of strings, nearest first.
        right: The results of the other encoder.
        first_is_left: Boolean, whether the first encoder's results are on the
            left.
    """

    query: str
    left: list[str]
    right: list[str]
    first_is_left: bool


class BlindPairs(NamedTuple):
    """The pairs to judge, and how many queries had nothing to judge.

    Args:
        pairs: List of `BlindPair`s.
        num_searched: Integer, the queries that both encoders searched for.
        num_same: Integer, those for which both found the same texts.
    """

    pairs: list[BlindPair]
    num_searched: int
    num_same: int


def comparison_key(text: str) -> str:
    """A key that ignores case, spaces and punctuation.

    Example:

    >>> comparison_key("A man  plays.") == comparison_key("a man plays")
    True
    """
    words = (word.strip(_PUNCTUATION) for word in text.casefold().split())
    return " ".join(word for word in words if word) or text.strip()


def distinct_texts(texts: Iterable[str], size: int, seed: int) -> list[str]:
    """Draws texts to search in, one of each set of near-equal texts.

    Args:
        texts: Iterable of strings.
        size: Integer, the most that are drawn.
        seed: Integer.

    Returns:
        A list of strings in random order.

    Example:

    >>> distinct_texts(["A man.", "a man", " "], size=10, seed=0)
    ['A man.']
    """
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(comparison_key(text), text)
    return sample_strings(first.values(), size, seed).strings


def search_texts(index: Index, queries: list[str], k: int) -> list[list[str]]:
    """The texts of an index that are nearest to each query.

    Example:

    >>> index = Index(model)
    >>> index.add(["a man plays", "two dogs run"])
    >>> search_texts(index, ["two dogs run"], 1)
    [['two dogs run']]
    """
    found = index.query(queries, k)
    return [[result.text for result in results] for results in found]


def draw_blind_pairs(
    queries: list[str],
    searches: Sequence[Callable],
    number: int,
    seed: int,
) -> BlindPairs:
    """Draws queries for which two encoders find different texts.

    Queries are searched in random order until there are enough, so that every
    query with different results is equally likely. The same texts in another
    order do not count as different.

    Args:
        queries: List of strings.
        searches: Two functions of a list of queries and of a number, which
            give that many texts for each query, nearest first.
        number: Positive integer, the most pairs that are drawn.
        seed: Integer.

    Returns:
        `BlindPairs`; fewer than `number` if fewer queries differ.

    Example:

    >>> found = {"a": ["b", "c"], "b": ["c", "a"]}
    >>> def first(queries, k): return [found[query] for query in queries]
    >>> def second(queries, k): return [["b", "c"] for query in queries]
    >>> blind = draw_blind_pairs(["a", "b"], (first, second), 9, seed=0)
    >>> [(pair.query, sorted([pair.left, pair.right])) for pair in blind.pairs]
    [('b', [['c'], ['c', 'a']])]
    >>> blind.num_same
    1
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(queries))
    pairs: list[BlindPair] = []
    num_searched = num_same = 0
    for start in range(0, len(order), BLOCK_SIZE):
        block = [queries[place] for place in order[start : start + BLOCK_SIZE]]
        differing = list(_differing(block, searches))
        num_searched += len(block)
        num_same += len(block) - len(differing)
        for query, results in differing:
            first_is_left = bool(generator.integers(2))
            left, right = results if first_is_left else results[::-1]
            pairs.append(BlindPair(query, left, right, first_is_left))
        if len(pairs) >= number:
            break
    return BlindPairs(pairs[:number], num_searched, num_same)


def _differing(
    queries: list[str], searches: Sequence[Callable]
) -> Iterator[tuple[str, list[list[str]]]]:
    """The queries with both lists of texts, where these are not the same."""
    found = (search(queries, NUM_RESULTS + 1) for search in searches)
    for query, *results in zip(queries, *found, strict=True):
        others = [_others(query, texts) for texts in results]
        if set(others[0]) != set(others[1]):
            yield query, others


def _others(query: str, texts: list[str]) -> list[str]:
    key = comparison_key(query)
    return [t for t in texts if comparison_key(t) != key][:NUM_RESULTS]
