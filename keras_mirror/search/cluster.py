from typing import NamedTuple

import numpy as np

from keras_mirror.arguments import check_cosine
from keras_mirror.arguments import check_integer
from keras_mirror.data import as_strings
from keras_mirror.optional import import_optional
from keras_mirror.search.communities import MAX_COMPARED
from keras_mirror.search.communities import OUTLIER
from keras_mirror.search.communities import communities
from keras_mirror.search.encoded_texts import EncodedTexts
from keras_mirror.search.unit_embeddings import OnProgress
from keras_mirror.store.distinct_texts import DistinctTexts
from keras_mirror.unit_rows import unit_rows

# The memory grows with the square of this number: 3.2 GB.
MAX_LINKED = 20_000
MAX_SEED = 2**32 - 1  # scikit-learn's
_BLOCK_SIZE = 256


class Cluster(NamedTuple):
    """Texts that mean something similar.

    Args:
        rows: Integer array, the places of the texts, from 0; nearest to the
            center first.
        similarities: Float32 array, their cosines with the center.

    Example:

    >>> texts = ["a man", "two dogs run", "a man"]
    >>> largest = cluster(model, texts, num_clusters=2)[0]
    >>> texts[largest.rows[0]]
    'a man'
    """

    rows: np.ndarray
    similarities: np.ndarray


def cluster(
    model,
    texts,
    num_clusters: int | None = None,
    threshold: float | None = None,
    seed: int | None = 0,
    batch_size: int | None = None,
    on_progress: OnProgress = None,
    prompt: str | None = None,
) -> list[Cluster]:
    """Sorts texts into groups of similar meaning.

    By default the number of clusters is found: the clusters are communities in
    the graph of nearest neighbors, see `communities`, for up to 200,000
    different texts. Outliers are in no cluster, see `outliers`. With
    `num_clusters` it is k-means on embeddings of length 1, for any number of
    texts. With `threshold` it is agglomerative clustering: groups are joined as
    long as the average cosine between their texts is at least the threshold. It
    takes up to 20,000 different texts. `name_clusters` names the result. Needs
    the extra `[search]`.

    Args:
        model: A `MirrorModel`.
        texts: A list or array of strings, or an `Index` of this model, whose
            embeddings are used.
        num_clusters: Positive integer. Defaults to `None`.
        threshold: Float, a cosine. Defaults to `None`.
        seed: Integer: the same seed gives the same clusters in the same order.
            `None` draws one; `threshold` needs none. Defaults to `0`.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `None`.
        on_progress: Function of the number of texts just encoded; equal texts
            count once. Defaults to `None`.
        prompt: String, see `MirrorModel.encode_text`. Defaults to `None`.

    Returns:
        A list of `Cluster`s, largest first; in a tie, the one with the lowest
        row first. There are fewer than `num_clusters` if embeddings are equal.
        Every text is in a cluster, except outliers and texts of white space
        only.

    Raises:
        TypeError: An element is not a string.
        ValueError: Both `num_clusters` and `threshold` are given, or one is
            out of range, or there are too few or too many different texts.
        ImportError: The extra `[search]` is not installed.

    Example:

    >>> texts = ["a man", "two dogs run", "a man", " "]
    >>> [each.rows.tolist() for each in cluster(model, texts, num_clusters=2)]
    [[0, 2], [1]]
    """
    encoded = EncodedTexts.of(model, texts, batch_size, on_progress, prompt)
    return cluster_encoded(encoded, num_clusters, threshold, seed)


def cluster_encoded(
    encoded: EncodedTexts,
    num_clusters: int | None = None,
    threshold: float | None = None,
    seed: int | None = 0,
) -> list[Cluster]:
    """Does `cluster` for `EncodedTexts`.

    Args:
        encoded: An `EncodedTexts`.
        num_clusters, threshold, seed: See `cluster`.

    Returns:
        As `cluster`.
    """
    distinct = encoded.distinct
    _check(num_clusters, threshold, len(distinct))
    if seed is not None:
        seed = check_integer("seed", seed, 0, MAX_SEED)
    library = import_optional(_module(num_clusters, threshold), "search")
    embeddings = encoded.embeddings
    counts = np.array([len(rows) for rows in distinct.rows])
    if not len(embeddings):
        return []
    if threshold is not None:
        labels = _linked(library, embeddings, threshold)
    elif num_clusters is not None:
        k_means = library.KMeans(num_clusters, n_init=1, random_state=seed)
        labels = k_means.fit_predict(embeddings, sample_weight=counts)
    else:
        labels = communities(embeddings, counts, seed)
    found = np.setdiff1d(labels, [OUTLIER])
    groups = (np.flatnonzero(labels == label) for label in found)
    clusters = [
        _cluster(group, embeddings, counts, distinct) for group in groups
    ]
    return sorted(clusters, key=lambda each: (-len(each.rows), min(each.rows)))


def outliers(clusters: list[Cluster], texts) -> list[int]:
    """The texts that are in no cluster.

    Args:
        clusters: List of `Cluster`s, as `cluster` returns them.
        texts: A list or array of strings, the clustered texts; for an index,
            its `texts`.

    Returns:
        A list of integers, the places of the texts, from 0; without texts of
        white space only.

    Example:

    >>> clusters = [Cluster(np.array([0, 2]), np.ones(2))]
    >>> outliers(clusters, ["a man", "two dogs run", "a woman", " "])
    [1]
    """
    clustered = {int(row) for each in clusters for row in each.rows}
    return [
        row
        for row, text in enumerate(as_strings(texts))
        if text.strip() and row not in clustered
    ]


def _check(
    num_clusters: int | None, threshold: float | None, num_texts: int
) -> None:
    if num_clusters is not None and threshold is not None:
        raise ValueError(
            "At most one of `num_clusters` and `threshold` must be given. "
            f"Received: num_clusters={num_clusters!r}, threshold={threshold!r}"
        )
    if num_clusters is not None:
        check_integer(
            "num_clusters",
            num_clusters,
            largest=num_texts,
            why=", the number of different texts",
        )
    elif threshold is not None:
        check_cosine("threshold", threshold)
        _check_number("With `threshold`", num_texts, MAX_LINKED, "memory")
    else:
        without = "Without `num_clusters` and `threshold`"
        _check_number(without, num_texts, MAX_COMPARED, "time")


def _check_number(how: str, number: int, largest: int, grows: str) -> None:
    if number > largest:
        raise ValueError(
            f"{how} there must be at most {largest} different texts: its "
            f"{grows} grows with their square. Received: {number} texts. Give "
            "`num_clusters` instead"
        )


def _module(num_clusters: int | None, threshold: float | None) -> str:
    """Imports the needed module before texts are encoded in vain."""
    if num_clusters is not None:
        return "sklearn.cluster"
    if threshold is not None:
        return "scipy.cluster.hierarchy"
    return "sknetwork.clustering"


def _linked(library, embeddings, threshold: float):
    if len(embeddings) == 1:
        return np.zeros(1)
    tree = library.linkage(_distances(embeddings), "average")
    return library.fcluster(tree, 1 - threshold, "distance")


def _distances(embeddings):
    """Cosine distances as SciPy takes them: the upper triangle row by row."""
    num_embeddings = len(embeddings)
    distances = np.empty(num_embeddings * (num_embeddings - 1) // 2)
    stop = 0
    for first in range(0, num_embeddings, _BLOCK_SIZE):
        cosines = embeddings[first : first + _BLOCK_SIZE] @ embeddings[first:].T
        for place, row in enumerate(cosines, start=1):
            start, stop = stop, stop + len(row) - place
            distances[start:stop] = 1 - row[place:]
    return np.maximum(distances, 0, out=distances)


def _cluster(group, embeddings, counts, distinct: DistinctTexts) -> Cluster:
    weighted = counts[group, np.newaxis] * embeddings[group]
    center = unit_rows(weighted.sum(axis=0))
    similarities = embeddings[group] @ center
    order = np.argsort(-similarities, kind="stable")
    rows = [distinct.rows[number] for number in group[order]]
    repeats = counts[group[order]]
    return Cluster(
        np.concatenate(rows), np.repeat(similarities[order], repeats)
    )
