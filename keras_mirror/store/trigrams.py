"""Scores how much spelling texts share: BM25 of trigrams of characters."""

import collections
import math
from collections.abc import Iterable

# The values of most libraries. [Robertson and Zaragoza,
# 2009](https://doi.org/10.1561/1500000019)
_K1, _B = 1.2, 0.75


def trigrams(text: str) -> list[str]:
    """All sequences of three characters in the words of a text.

    Every word has a space before and after it.

    Args:
        text: String.

    Returns:
        A list of strings.

    Example:

    >>> trigrams("Two dogs")
    [' tw', 'two', 'wo ', ' do', 'dog', 'ogs', 'gs ']
    """
    words = (f" {word} " for word in text.lower().split())
    return [
        word[start : start + 3]
        for word in words
        for start in range(max(1, len(word) - 2))
    ]


class TrigramScores:
    """Scores of texts for a query, by the trigrams that they share.

    Args:
        sample: Iterable of strings, some of the texts, for the frequencies of
            trigrams.

    Example:

    >>> scores = TrigramScores(["a man", "a woman", "two dogs"])
    >>> low, high = scores.of("dog", ["a woman", "two dogs"])
    >>> low == 0 < high
    True
    """

    def __init__(self, sample: Iterable[str]) -> None:
        number, length = 0, 0
        counts: collections.Counter[str] = collections.Counter()
        for text in sample:
            grams = trigrams(text)
            number, length = number + 1, length + len(grams)
            counts.update(set(grams))
        self._number = number
        self._counts = counts
        self._mean_length = max(1, length) / max(1, number)

    def of(self, query: str, texts: list[str]) -> list[float]:
        """The BM25 of texts, a list of floats, 0 where nothing is shared."""
        weights = {gram: self._weight(gram) for gram in set(trigrams(query))}
        return [self._score(weights, trigrams(text)) for text in texts]

    def _weight(self, gram: str) -> float:
        count = self._counts[gram]
        return math.log(1 + (self._number - count + 0.5) / (count + 0.5))

    def _score(self, weights: dict[str, float], grams: list[str]) -> float:
        length = _K1 * (1 - _B + _B * len(grams) / self._mean_length)
        counts = collections.Counter(grams)
        return sum(
            weight * counts[gram] * (_K1 + 1) / (counts[gram] + length)
            for gram, weight in weights.items()
        )
