import dataclasses
import os

import numpy as np

from keras_mirror.arguments import check_integer
from keras_mirror.html_page import shortened
from keras_mirror.maps.layout import lay_out
from keras_mirror.optional import import_optional
from keras_mirror.search.cluster import MAX_SEED
from keras_mirror.search.cluster import Cluster
from keras_mirror.search.cluster import cluster_encoded
from keras_mirror.search.encoded_texts import EncodedTexts
from keras_mirror.search.name_clusters import ClusterName
from keras_mirror.search.name_clusters import name_clusters

MAX_TITLE = 60


@dataclasses.dataclass(frozen=True)
class TextMap:
    """Positions of texts on a plane, and their clusters.

    The different texts are ordered by cluster, largest first, and within a
    cluster by their distance from its center. Texts in no cluster come last.

    Args:
        texts: List of strings, each once, none of white space only.
        ids: List of lists of strings, the ids of every text.
        positions: Float32 array of shape `(num_texts, 2)`, from 0 to 1.
        names: List of strings, one per cluster.
        numbers: Integer array of shape `(num_texts,)`: the cluster of each
            text, from 0; `len(names)` if it is in none.

    Example:

    >>> made = TextMap(
    ...     texts=["a man", "dogs"],
    ...     ids=[["T17"], ["T23", "T24"]],
    ...     positions=np.array([[0.2, 0.3], [0.7, 0.1]], "float32"),
    ...     names=["men", "animals"],
    ...     numbers=np.array([0, 1]),
    ... )
    >>> made.names[made.numbers[1]]
    'animals'
    """

    texts: list[str]
    ids: list[list[str]]
    positions: np.ndarray
    names: list[str]
    numbers: np.ndarray

    def center(self, number: int) -> tuple[float, float]:
        """The middle of a cluster: the median of its texts' positions."""
        x, y = np.median(self.positions[self.numbers == number], axis=0)
        return float(x), float(y)


def make_map(
    encoded: EncodedTexts,
    num_clusters: int | None = None,
    threshold: float | None = None,
    seed: int = 0,
) -> TextMap:
    """Places texts on a plane, and finds and names their clusters.

    Args:
        encoded: An `EncodedTexts`.
        num_clusters, threshold: See `keras_mirror.search.cluster`.
        seed: Integer. Defaults to `0`.

    Returns:
        A `TextMap`.

    Raises:
        ImportError: The extra `[map]` is not installed.
        ValueError: An argument is out of range, or there is no text.

    Example:

    >>> encoded = EncodedTexts.of(model, ["a man", "a dog", "a man", " "])
    >>> made = make_map(encoded, num_clusters=1)
    >>> sorted(zip(made.texts, made.ids))
    [('a dog', ['2']), ('a man', ['1', '3'])]
    """
    check_integer("seed", seed, 0, MAX_SEED)
    import_optional("openTSNE", "map")
    if not len(encoded.distinct):
        raise ValueError(
            "A map needs at least one text that is not empty. Received: "
            f"{len(encoded.texts)} texts"
        )
    clusters = cluster_encoded(encoded, num_clusters, threshold, seed)
    named = name_clusters(encoded.texts, clusters)
    positions = lay_out(encoded.embeddings, seed, os.cpu_count() or 1)
    order, numbers = _order(encoded, clusters)
    texts = list(encoded.distinct)
    rows = encoded.distinct.rows
    return TextMap(
        [texts[each] for each in order],
        [[encoded.ids[row] for row in rows[each]] for each in order],
        positions[order],
        [_title(each, encoded.texts) for each in named],
        numbers,
    )


def _title(name: ClusterName, texts: list[str]) -> str:
    """The words of a cluster; its most central text if there are none."""
    if name.words:
        return ", ".join(name.words)
    text = " ".join(texts[name.rows[0]].split())
    return shortened(text, MAX_TITLE)


def _order(encoded: EncodedTexts, clusters: list[Cluster]) -> tuple:
    """The different texts by their clusters, and the clusters' numbers."""
    numbered, distinct = encoded.distinct.numbered_rows()
    of_rows = np.full(len(encoded.texts), -1)
    of_rows[numbered] = distinct
    order: dict[int, int] = {}
    for number, each in enumerate(clusters):
        for text in of_rows[each.rows].tolist():
            order.setdefault(text, number)
    for text in range(len(encoded.distinct)):
        order.setdefault(text, len(clusters))
    return np.array(list(order)), np.array(list(order.values()))
