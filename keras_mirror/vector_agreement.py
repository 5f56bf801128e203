"""Measures how far two encoders agree on the same texts."""

import numpy as np

from keras_mirror.nearest_rows import nearest_others

NUM_NEIGHBORS = 10


def neighbors_kept(before, after, num_queries: int = 500) -> float:
    """The share of the ten nearest rows of a row that both arrays have.

    Args:
        before: Float32 array of shape `(n, embedding_dim)`, rows of length 1.
        after: The same of shape `(n, other_embedding_dim)`.
        num_queries: Integer, see `nearest_others`. Defaults to `500`.

    Returns:
        Float in `[0, 1]`, the mean share. With fewer than eleven rows, all
        others count as nearest.

    Example:

    >>> rows = np.eye(12, dtype="float32")
    >>> neighbors_kept(rows, rows)
    1.0
    """
    k = min(NUM_NEIGHBORS, len(before) - 1)
    _, old = nearest_others(before, k, num_queries)
    _, new = nearest_others(after, k, num_queries)
    kept = [
        len({*one} & {*two}) / k
        for one, two in zip(old.tolist(), new.tolist(), strict=True)
    ]
    return float(np.mean(kept))


def cosine_correlation(before, after) -> float:
    """Pearson's correlation of the cosines of all pairs of rows.

    Args:
        before, after: See `neighbors_kept`, at least three rows.

    Returns:
        Float in `[-1, 1]`.

    Example:

    >>> rows = np.random.default_rng(0).normal(size=(20, 4))
    >>> rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    >>> round(cosine_correlation(rows, rows), 6)
    1.0
    """
    pairs = np.triu_indices(len(before), 1)
    cosines = [(rows @ rows.T)[pairs] for rows in (before, after)]
    return float(np.corrcoef(*cosines)[0, 1])
