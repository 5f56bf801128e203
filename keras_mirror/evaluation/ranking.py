"""Ranks of the relevant documents, and metrics computed from them.

In a tie, the relevant document comes last, so that equal vectors find nothing.
"""

import numpy as np


def relevant_ranks(similarities, grades: dict[int, float]):
    """The places of one query's relevant documents, 1 for the nearest.

    Args:
        similarities: Floats of shape `(num_documents,)`, not nan.
        grades: Dict from indices of the relevant documents to their grades,
            positive numbers.

    Returns:
        A tuple `(ranks, grades)` of two arrays, nearest document first.

    Example:

    >>> ranks, _ = relevant_ranks([0.3, 0.9, 0.5], {2: 1, 0: 1})
    >>> ranks.tolist()
    [2, 3]
    """
    similarities = np.asarray(similarities)
    rows = np.fromiter(grades, dtype=int)
    gains = np.fromiter(grades.values(), dtype="float64")
    order = np.lexsort((gains, -similarities[rows]))
    rows, gains = rows[order], gains[order]
    others = np.delete(similarities, rows)
    num_before = [np.count_nonzero(others >= similarities[r]) for r in rows]
    return np.array(num_before) + np.arange(1, len(rows) + 1), gains


def hit_at(ranks, k: int) -> float:
    """1.0 if a relevant document is among the nearest `k`, else 0.0.

    Example:

    >>> hit_at(np.array([3, 7]), 5)
    1.0
    """
    return float(ranks.min() <= k)


def reciprocal_rank(ranks) -> float:
    """One over the place of the first relevant document.

    Example:

    >>> reciprocal_rank(np.array([2, 7]))
    0.5
    """
    return float(1 / ranks.min())


def recall_at(ranks, k: int) -> float:
    """The share of the relevant documents among the nearest `k`.

    Example:

    >>> recall_at(np.array([2, 7]), 5)
    0.5
    """
    return float(np.mean(ranks <= k))


def ndcg_at(ranks, grades, k: int) -> float:
    """Normalized discounted cumulative gain, as `trec_eval` has it.

    A document gives its grade, divided by the binary logarithm of its place
    plus one; 1.0 is the best possible order.

    Reference:
        - [Järvelin and Kekäläinen, 2002](https://doi.org/10.1145/582415.582418)

    Example:

    >>> ndcg_at(np.array([1, 2]), np.array([1.0, 1.0]), 10)
    1.0
    """
    discounts = np.where(ranks <= k, 1 / np.log2(ranks + 1.0), 0.0)
    best = np.sort(grades)[::-1][:k]
    best_gain = (best / np.log2(np.arange(len(best)) + 2.0)).sum()
    return float((grades * discounts).sum() / best_gain)


def hits(ranks: list) -> dict[str, list[float]]:
    """Computes the metrics of each query, for a mean over queries.

    Args:
        ranks: List of arrays, see `relevant_ranks`.

    Returns:
        A dict from `"accuracy@1"`, `"accuracy@5"` and `"mean reciprocal rank"`
        to lists of floats, one per query.

    Example:

    >>> hits([np.array([2]), np.array([1, 8])])["accuracy@1"]
    [0.0, 1.0]
    """
    return {
        "accuracy@1": [hit_at(places, 1) for places in ranks],
        "accuracy@5": [hit_at(places, 5) for places in ranks],
        "mean reciprocal rank": [reciprocal_rank(places) for places in ranks],
    }
