import dataclasses
from collections.abc import Callable
from collections.abc import Iterable

import numpy as np

from keras_mirror.evaluation.report.pairs import SEED
from keras_mirror.nearest_rows import nearest_others
from keras_mirror.unit_rows import unit_rows

NUM_NEIGHBORS = 5
NUM_SHOWN = 10
MAX_TEXTS = 2000


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
    before: list[Neighbor]
    after: list[Neighbor]


def sample(
    texts: Iterable[str], number: int = MAX_TEXTS, seed: int = SEED
) -> list[str]:
    """Draws at most `size` different texts, in their order.

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


def nearest(embeddings, number: int = NUM_NEIGHBORS):
    """The nearest other rows of every row; equally near ones in their order.

    Args:
        embeddings: Array of shape `(n, embedding_dim)`.
        number: Integer, less than `n`.

    Returns:
        An integer array of shape `(n, number)`.

    Example:

    >>> nearest([[1.0, 0.0], [0.0, 1.0], [1.0, 0.5]], 1).tolist()
    [[2], [2], [0]]
    """
    unit = np.nan_to_num(unit_rows(embeddings))
    return nearest_others(unit, number)[1]


def changed_neighbors(
    first: Callable,
    last: Callable,
    texts: list[str],
    num_shown: int = NUM_SHOWN,
) -> list[Change]:
    """The texts whose nearest texts changed most between two models.

    Texts that keep the fewest neighbors come first; in a tie, those that are
    nearest to their new neighbors.

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
    unit_1, unit_2 = (
        np.nan_to_num(unit_rows(of(texts))) for of in (first, last)
    )
    rows_1, rows_2 = nearest(unit_1, number), nearest(unit_2, number)
    cosines_1, cosines_2 = _cosines(unit_1, rows_1), _cosines(unit_2, rows_2)
    gains = (cosines_2 - _cosines(unit_1, rows_2)).mean(axis=1)
    is_same = rows_1[:, :, None] == rows_2[:, None, :]
    overlaps = is_same.sum(axis=(1, 2))
    before = rows_1, cosines_1, is_same.any(axis=2)
    after = rows_2, cosines_2, is_same.any(axis=1)
    return [
        Change(
            text=texts[row],
            before=_neighbors(texts, row, *before),
            after=_neighbors(texts, row, *after),
        )
        for row in np.lexsort((-gains, overlaps))[:num_shown]
        if overlaps[row] < number
    ]


def _cosines(unit, rows):
    """Of every unit vector with those in its row of `rows`."""
    return np.einsum("nd,nkd->nk", unit, unit[rows])


def _neighbors(
    texts: list[str], row: int, neighbors, cosines, is_shared
) -> list[Neighbor]:
    columns = neighbors[row], cosines[row], is_shared[row]
    return [
        Neighbor(texts[place], float(cosine), bool(shared))
        for place, cosine, shared in zip(*columns, strict=True)
    ]
