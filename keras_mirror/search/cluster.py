from typing import NamedTuple

import numpy as np

from keras_mirror.arguments import check_cosine
from keras_mirror.arguments import check_integer
from keras_mirror.optional import import_optional
from keras_mirror.search.encoded_texts import EncodedTexts
from keras_mirror.search.unit_embeddings import OnProgress
from keras_mirror.store.distinct_texts import DistinctTexts
from keras_mirror.unit_rows import unit_rows

# The memory grows with the square: 3.2 GB.
MAX_LINKED = 20_000
MAX_SEED = 2**32 - 1  # scikit-learn's
_BLOCK_SIZE = 256


class Cluster(NamedTuple):
    """Texts that mean something similar.

    Args:
        rows: Integer array, the places of the texts, from 0; nearest to the
            center first.
        similarities: Float32 array, their cosines with the center.
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

    With `num_clusters` it is k-means on embeddings of length 1, for any number
    of texts. With `threshold` it is agglomerative clustering: groups are joined
    as long as the cosines between their texts are on average at least the
    threshold; for up to 20,000 different texts. Needs the extra `[search]`.

    Args:
        model: A `MirrorModel`.
        texts: A list or array of strings, or an `Index` of this model, whose
            embeddings are taken.
        num_clusters: Positive integer. Defaults to `None`.
        threshold: Float, a cosine. Defaults to `None`.
        seed: Integer, for k-means; `None` draws one. Defaults to `0`.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `None`.
        on_progress: Function of the number of texts just encoded: each
            different one once. Defaults to `None`.
        prompt: String, see `MirrorModel.encode_text`. Defaults to `None`.

    Returns:
        A list of `Cluster`s, largest first; fewer than `num_clusters` where
        embeddings are equal. Every text is in one of them, but those of white
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
    encoded = EncodedTexts.of(model, texts, batch_size, on_progress, prompt)
    return cluster_encoded(encoded, num_clusters, threshold, seed)


def cluster_encoded(
    encoded: EncodedTexts,
    num_clusters: int | None = None,
    threshold: float | None = None,
    seed: int | None = 0,
) -> list[Cluster]:
    """As `cluster`, of texts that are encoded, or will be.

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
    module = "sklearn.cluster" if num_clusters else "scipy.cluster.hierarchy"
    library = import_optional(module, "search")
    embeddings = encoded.embeddings
    counts = np.array([len(rows) for rows in distinct.rows])
    if not len(embeddings):
        return []
    if threshold is not None:
        labels = _linked(library, embeddings, threshold)
    else:
        k_means = library.KMeans(num_clusters, n_init=1, random_state=seed)
        labels = k_means.fit_predict(embeddings, sample_weight=counts)
    groups = (np.flatnonzero(labels == label) for label in np.unique(labels))
    clusters = [
        _cluster(group, embeddings, counts, distinct) for group in groups
    ]
    return sorted(clusters, key=lambda each: (-len(each.rows), min(each.rows)))


def _check(
    num_clusters: int | None, threshold: float | None, num_texts: int
) -> None:
    if (num_clusters is None) == (threshold is None):
        raise ValueError(
            "One of `num_clusters` and `threshold` must be given. Received: "
            f"num_clusters={num_clusters!r}, threshold={threshold!r}"
        )
    if num_clusters is not None:
        check_integer(
            "num_clusters",
            num_clusters,
            largest=num_texts,
            why=", the number of different texts",
        )
        return
    check_cosine("threshold", threshold)
    if num_texts > MAX_LINKED:
        raise ValueError(
            f"With `threshold` there must be at most {MAX_LINKED} different "
            f"texts: its memory grows with their square. Received: {num_texts}"
            " texts. Give `num_clusters` instead"
        )


def _linked(library, embeddings, threshold: float):
    if len(embeddings) == 1:
        return np.zeros(1)
    tree = library.linkage(_distances(embeddings), "average")
    return library.fcluster(tree, 1 - threshold, "distance")


def _distances(embeddings):
    """Cosine distances, the upper triangle row by row, as SciPy wants them."""
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
