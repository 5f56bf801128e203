import dataclasses

import numpy as np

from keras_mirror.evaluation.report.pairs import SEED
from keras_mirror.metrics.unit_length import unit_rows

NUM_NEIGHBORS = 5
NUM_SHOWN = 10
MAX_TEXTS = 2000
TEXTS_AT_ONCE = 256


@dataclasses.dataclass(frozen=True)
class Neighbor:
    """A text near another one.

    Args:
        text: String.
        cosine: Float.
        is_shared: Boolean, whether the other model has it too.
    """

    text: str
    cosine: float
    is_shared: bool


@dataclasses.dataclass(frozen=True)
class Change:
    """A text with its neighbors before and after.

    Args:
        text: String.
        before: List of `Neighbor`, nearest first, of the first model.
        after: The same of the last model.
    """

    text: str
    before: list
    after: list


def sample(texts, number=MAX_TEXTS, seed=SEED):
    """At most so many different texts, in their order.

    Example:

    >>> sample(["a man", "a woman", "a man"]), len(sample(["a", "b"], 1))
    (['a man', 'a woman'], 1)
    """
    texts = list(dict.fromkeys(texts))
    if len(texts) <= number:
        return texts
    generator = np.random.default_rng(seed)
    rows = np.sort(generator.choice(len(texts), number, replace=False))
    return [texts[row] for row in rows]


def nearest(vectors, number=NUM_NEIGHBORS):
    """The nearest other rows of every row; equally near ones in their order.

    Args:
        vectors: Array of shape `(n, embedding_dim)`.
        number: Integer, less than `n`.

    Returns:
        An integer array of shape `(n, number)`.

    Example:

    >>> nearest([[1.0, 0.0], [0.0, 1.0], [1.0, 0.5]], 1).tolist()
    [[2], [2], [0]]
    """
    unit = np.nan_to_num(unit_rows(vectors))
    blocks = []
    for start in range(0, len(unit), TEXTS_AT_ONCE):
        cosines = unit[start : start + TEXTS_AT_ONCE] @ unit.T
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = -np.inf
        order = np.argsort(-cosines, axis=1, kind="stable")
        blocks.append(order[:, :number])
    return np.concatenate(blocks)


def changed_neighbors(first, last, texts, num_shown=NUM_SHOWN):
    """The texts whose nearest texts changed most between two models.

    Those come first that keep fewest of their neighbors; among them, those
    that came nearest to their new ones.

    Args:
        first: Function from a list of strings to an array.
        last: The same for the other model.
        texts: List of different strings.
        num_shown: Integer.

    Returns:
        A list of `Change`, without texts that keep all their neighbors.

    Example:

    >>> embed = model.encode_text
    >>> changed_neighbors(embed, embed, ["a man", "a woman", "plays"])
    []
    """
    number = min(NUM_NEIGHBORS, len(texts) - 1)
    if number < 1:
        return []
    vectors = [np.nan_to_num(unit_rows(of(texts))) for of in (first, last)]
    neighbors = [nearest(rows, number) for rows in vectors]
    cosines = [
        np.einsum("nd,nkd->nk", rows, rows[near])
        for rows, near in zip(vectors, neighbors, strict=True)
    ]
    before = np.einsum("nd,nkd->nk", vectors[0], vectors[0][neighbors[1]])
    gains = (cosines[1] - before).mean(axis=1)
    is_same = neighbors[0][:, :, None] == neighbors[1][:, None, :]
    overlaps = is_same.sum(axis=(1, 2))
    order = np.lexsort((-gains, overlaps))
    return [
        Change(
            texts[row],
            _neighbors(texts, neighbors[0], cosines[0], is_same.any(2), row),
            _neighbors(texts, neighbors[1], cosines[1], is_same.any(1), row),
        )
        for row in order[:num_shown]
        if overlaps[row] < number
    ]


def _neighbors(texts, neighbors, cosines, is_shared, row):
    columns = neighbors[row], cosines[row], is_shared[row]
    return [
        Neighbor(texts[place], float(cosine), bool(shared))
        for place, cosine, shared in zip(*columns, strict=True)
    ]
