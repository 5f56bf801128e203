"""Cosines need rows of length 1: NumPy arrays, without Keras.

A row shorter than 1e-12 becomes shorter than 1, and an all-zero row stays.
"""

import numpy as np

SHORTEST = 1e-12


def unit_rows(embeddings):
    """Divides the rows of an array by their length, in float32.

    Args:
        embeddings: Array of shape `(n, embedding_dim)`.

    Returns:
        A float32 NumPy array of the same shape.

    Example:

    >>> unit_rows([[3.0, 4.0]]).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    rows = np.asarray(embeddings)
    if rows.dtype != "float64":  # whose largest numbers float32 has not
        rows = rows.astype("float32", copy=False)
    rows = _scaled(rows).astype("float32", copy=False)
    return rows / _lengths(rows)


def pairwise_cosines(embeddings_1, embeddings_2):
    """The cosine of row `i` of one array with row `i` of another.

    Args:
        embeddings_1: Array of shape `(n, embedding_dim)`.
        embeddings_2: Array of the same shape.

    Returns:
        A float64 NumPy array of shape `(n,)`; 0 for an all-zero row.

    Example:

    >>> pairwise_cosines([[1.0, 0.0], [2.0, 0.0]], [[3.0, 0.0], [0.0, 1.0]])
    array([1., 0.])
    """
    rows_1 = _scaled(np.asarray(embeddings_1, dtype="float64"))
    rows_2 = _scaled(np.asarray(embeddings_2, dtype="float64"))
    products = (rows_1 * rows_2).sum(axis=-1)
    return products / (_lengths(rows_1) * _lengths(rows_2))[..., 0]


def _scaled(rows):
    """Rows whose squares do not overflow."""
    return rows / np.abs(rows).max(axis=-1, keepdims=True, initial=1.0)


def _lengths(rows):
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.maximum(norms, SHORTEST)
