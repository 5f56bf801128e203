from typing import NamedTuple

import numpy as np

from keras_mirror.arguments import check_integer
from keras_mirror.data import as_strings
from keras_mirror.optional import import_optional
from keras_mirror.search.cluster import Cluster

NUM_CENTRAL = 3
# These leave out function words, in every language: a word of a name must be
# this much more frequent in the cluster than in the others,
_TIMES_AS_OFTEN = 2
# and in most clusters it must be below this share of its mean frequency.
_SHARE_OF_MEAN = 1 / 3
_NUM_ALIKE = 4  # number of letters at the start
_NUM_ENDING = 3


class ClusterName(NamedTuple):
    """What a cluster is about.

    Args:
        words: List of strings, most characteristic first.
        rows: List of integers, the places of the most central different texts,
            from 0.

    Example:

    >>> name = ClusterName(words=["dogs", "run"], rows=[1, 3])
    >>> ", ".join(name.words)
    'dogs, run'
    """

    words: list[str]
    rows: list[int]


def name_clusters(
    texts, clusters: list[Cluster], num_words: int = 3
) -> list[ClusterName]:
    """Names clusters by their most characteristic words and texts.

    The words are those with the highest class-based TF-IDF: the frequency of a
    word in the cluster times `log(1 + a / f)`, where `a` is the average number
    of words of a cluster and `f` the frequency of the word in all clusters. It
    needs no list of stop words: a word is left out that is not at least twice
    as frequent in the cluster as in the others, or that most clusters have at a
    third or more of its mean frequency. Of words that differ only in their
    ending, the first one is taken. Words are those of scikit-learn's
    `CountVectorizer`: two or more letters or digits, in lower case. Needs the
    extra `[search]`.

    Reference:
        - [Grootendorst, 2022](https://arxiv.org/abs/2203.05794)

    Args:
        texts: A list or array of strings, the clustered texts; for an index,
            its `texts`.
        clusters: List of `Cluster`s, as `cluster` returns them.
        num_words: Positive integer, the maximum number of words in a name.
            Defaults to `3`.

    Returns:
        A list of `ClusterName`s, one for each cluster. A name has fewer words,
        or none, if not enough words are characteristic.

    Raises:
        TypeError: An element is not a string.
        ValueError: `num_words` is out of range.
        ImportError: The extra `[search]` is not installed.

    Example:

    >>> texts = ["a man", "two dogs", "the man", "dogs run"]
    >>> clusters = [Cluster([0, 2], [1, 1]), Cluster([1, 3], [1, 1])]
    >>> name_clusters(texts, clusters, num_words=1)[1]
    ClusterName(words=['dogs'], rows=[1, 3])
    """
    num_words = check_integer("num_words", num_words)
    strings = as_strings(texts)
    if not clusters:
        return []
    vocabulary, counts = _count(strings, clusters)
    weights, is_telling = _weights(counts), _is_telling(counts)
    return [
        ClusterName(
            _words(vocabulary, weights[number], is_telling[number], num_words),
            _central(strings, each.rows),
        )
        for number, each in enumerate(clusters)
    ]


def _count(strings: list[str], clusters: list[Cluster]) -> tuple:
    """All words, and an array of their counts in each cluster."""
    text = import_optional("sklearn.feature_extraction.text", "search")
    vectorizer = text.CountVectorizer()
    rows = [int(row) for each in clusters for row in each.rows]
    analyze = vectorizer.build_analyzer()
    if not any(analyze(strings[row]) for row in rows):
        return np.array([], str), np.zeros((len(clusters), 0))
    of_texts = vectorizer.fit_transform(strings[row] for row in rows)
    ends = np.cumsum([len(each.rows) for each in clusters])
    counts = [
        of_texts[end - len(each.rows) : end].sum(axis=0)
        for end, each in zip(ends, clusters, strict=True)
    ]
    return vectorizer.get_feature_names_out(), np.array(counts)[:, 0]


def _weights(counts):
    """Class-based TF-IDF."""
    average = counts.sum() / len(counts)
    return counts * np.log(1 + average / np.maximum(1, counts.sum(axis=0)))


def _is_telling(counts):
    """Whether a word is characteristic of a cluster."""
    num_words = counts.sum(axis=1, keepdims=True)
    elsewhere = counts.sum(axis=0) - counts
    num_elsewhere = num_words.sum() - num_words
    # As products, because there may be no words elsewhere.
    is_frequent = (
        counts * num_elsewhere >= _TIMES_AS_OFTEN * elsewhere * num_words
    )
    frequencies = counts / np.maximum(1, num_words)
    has_it = frequencies >= _SHARE_OF_MEAN * frequencies.mean(axis=0)
    is_general = has_it.sum(axis=0) > max(1, len(counts) / 2)
    return (counts > 0) & is_frequent & ~is_general


def _words(vocabulary, weights, is_telling, num_words: int) -> list[str]:
    words: list[str] = []
    places = np.flatnonzero(is_telling)
    for place in places[np.argsort(-weights[places], kind="stable")]:
        word = str(vocabulary[place])
        if not any(_differ_in_ending(word, other) for other in words):
            words.append(word)
        if len(words) == num_words:
            break
    return words


def _differ_in_ending(word: str, other: str) -> bool:
    shorter, longer = sorted((word, other), key=len)
    num_alike = next(
        (n for n, letter in enumerate(shorter) if letter != longer[n]),
        len(shorter),
    )
    return (
        num_alike >= min(_NUM_ALIKE, len(shorter))
        and len(longer) - num_alike <= _NUM_ENDING
    )


def _central(strings: list[str], rows) -> list[int]:
    central: dict[str, int] = {}
    for row in rows:
        central.setdefault(strings[row], int(row))
        if len(central) == NUM_CENTRAL:
            break
    return list(central.values())
