from typing import Any
from typing import NamedTuple

import numpy as np

from keras_mirror.data import as_strings
from keras_mirror.metrics.unit_length import unit_rows
from keras_mirror.optional import import_optional
from keras_mirror.search.distinct_texts import DistinctTexts
from keras_mirror.search.unit_vectors import unit_vectors

# The memory grows with the square: 3.2 GB.
MAX_LINKED = 20_000
_BLOCK_SIZE = 256


class Cluster(NamedTuple):
    """Texts that mean something similar.

    Args:
        rows: Integer array, the places of the texts, from 0; nearest to the
            center first.
        similarities: Float32 array, their cosines with the center.
    """

    rows: Any
    similarities: Any


def cluster(
    model,
    texts,
    num_clusters=None,
    threshold=None,
    seed=0,
    batch_size=64,
    progress=None,
):
    """Sorts texts into groups of similar meaning.

    With `num_clusters` it is k-means on vectors of length 1, for texts of any
    number. With `threshold` it is agglomerative clustering: groups are joined
    as long as the cosines between their texts are on average at least the
    threshold; for up to 20,000 different texts. Needs the extra `[search]`.

    Args:
        model: A `MirrorModel`.
        texts: A list or array of strings.
        num_clusters: Positive integer. Defaults to `None`.
        threshold: Float, a cosine. Defaults to `None`.
        seed: Integer, for k-means. Defaults to `0`.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `64`.
        progress: Function of the number of texts just encoded: each different
            one once. Defaults to `None`.

    Returns:
        A list of `Cluster`s, largest first; fewer than `num_clusters` where
        vectors are equal. Every text is in one of them, but those of white
        space only.

    Raises:
        TypeError: An element is not a string.
        ValueError: Not one of `num_clusters` and `threshold` is given, it is
            out of range, or there are too few or too many different texts.
        ImportError: The extra `[search]` is not installed.

    Example:

    >>> texts = ["a man", "two dogs run", "a man", " "]
    >>> [each.rows.tolist() for each in cluster(model, texts, num_clusters=2)]
    [[0, 2], [1]]
    """
    distinct = DistinctTexts(as_strings(texts))
    _check(num_clusters, threshold, len(distinct))
    module = "sklearn.cluster" if num_clusters else "scipy.cluster.hierarchy"
    library = import_optional(module, "search")
    vectors = unit_vectors(model, list(distinct), batch_size, progress)
    counts = np.array([len(rows) for rows in distinct.rows])
    if not len(vectors):
        return []
    if num_clusters is not None:
        labels = _k_means(library, vectors, counts, num_clusters, seed)
    else:
        labels = _linked(library, vectors, threshold)
    groups = (np.flatnonzero(labels == label) for label in np.unique(labels))
    clusters = [_cluster(group, vectors, counts, distinct) for group in groups]
    return sorted(clusters, key=lambda each: (-len(each.rows), min(each.rows)))


def _check(num_clusters, threshold, num_texts):
    if (num_clusters is None) == (threshold is None):
        raise ValueError(
            "One of `num_clusters` and `threshold` must be given. Received: "
            f"num_clusters={num_clusters!r}, threshold={threshold!r}"
        )
    if num_clusters is not None:
        if not isinstance(num_clusters, int) or not (
            1 <= num_clusters <= num_texts
        ):
            raise ValueError(
                "`num_clusters` must be an integer from 1 to the number of "
                f"different texts, {num_texts}. "
                f"Received: num_clusters={num_clusters!r}"
            )
    elif not -1 <= threshold <= 1:
        raise ValueError(
            "`threshold` must be a cosine, from -1 to 1. "
            f"Received: threshold={threshold!r}"
        )
    elif num_texts > MAX_LINKED:
        raise ValueError(
            f"With `threshold` there must be at most {MAX_LINKED} different "
            f"texts: its memory grows with their square. Received: {num_texts}"
            " texts. Give `num_clusters` instead"
        )


def _k_means(library, vectors, counts, num_clusters, seed):
    k_means = library.KMeans(num_clusters, n_init=1, random_state=seed)
    return k_means.fit_predict(vectors, sample_weight=counts)


def _linked(library, vectors, threshold):
    if len(vectors) == 1:
        return np.zeros(1)
    tree = library.linkage(_distances(vectors), "average")
    return library.fcluster(tree, 1 - threshold, "distance")


def _distances(vectors):
    """Cosine distances, the upper triangle row by row, as SciPy wants them."""
    num_vectors = len(vectors)
    distances = np.empty(num_vectors * (num_vectors - 1) // 2)
    stop = 0
    for first in range(0, num_vectors, _BLOCK_SIZE):
        cosines = vectors[first : first + _BLOCK_SIZE] @ vectors[first:].T
        for place, row in enumerate(cosines, start=1):
            start, stop = stop, stop + len(row) - place
            distances[start:stop] = 1 - row[place:]
    return np.maximum(distances, 0, out=distances)


def _cluster(group, vectors, counts, distinct):
    weighted = counts[group, np.newaxis] * vectors[group]
    center = unit_rows(weighted.sum(axis=0))
    similarities = vectors[group] @ center
    order = np.argsort(-similarities, kind="stable")
    rows = [distinct.rows[number] for number in group[order]]
    repeats = counts[group[order]]
    return Cluster(
        np.concatenate(rows), np.repeat(similarities[order], repeats)
    )
