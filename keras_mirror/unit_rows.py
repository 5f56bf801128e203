"""Scales rows of NumPy arrays to length 1, for cosines; without Keras.

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
    if rows.dtype != "float64":  # whose largest numbers overflow float32
        rows = rows.astype("float32", copy=False)
    rows = _scaled(rows).astype("float32", copy=False)
    return rows / _lengths(rows)


def all_cosines(embeddings_1, embeddings_2):
    """Cosines of all rows with all rows: see `MirrorModel.similarity`.

    Example:

    >>> all_cosines(np.eye(2, 8), np.eye(3, 8)).shape
    (2, 3)
    """
    check_rows(embeddings_1, embeddings_2)
    return unit_rows(embeddings_1) @ unit_rows(embeddings_2).T


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


def check_finite_rows(embeddings, texts) -> None:
    """Raises a `ValueError` that names the first text without a vector.

    Example:

    >>> check_finite_rows(np.zeros((1, 2)), ["a man"])
    """
    is_finite = np.isfinite(embeddings).all(axis=1)
    if not is_finite.all():
        text = texts[int(np.argmin(is_finite))]
        raise ValueError(
            "Vectors must be of finite numbers. Received: NaN or infinity "
            f"from the model, for the text {text[:80]!r}"
        )


def check_rows(embeddings_1, embeddings_2) -> None:
    """Raises a `ValueError` unless two arrays hold finite rows of one length.

    Example:

    >>> check_rows(np.zeros((2, 8)), np.zeros((3, 8)))
    """
    shapes = [np.shape(each) for each in (embeddings_1, embeddings_2)]
    if [len(shape) for shape in shapes] != [2, 2] or (
        shapes[0][1] != shapes[1][1]
    ):
        raise ValueError(
            "Embeddings must be two arrays of shape (n, embedding_dim) with "
            "the same `embedding_dim`. For a single embedding, give "
            f"`embedding[None]`. Received: shapes {shapes[0]} and {shapes[1]}"
        )
    for number, each in enumerate((embeddings_1, embeddings_2), start=1):
        is_finite = np.isfinite(np.asarray(each, dtype="float64")).all(axis=1)
        if not is_finite.all():
            raise ValueError(
                "Embeddings must be of finite numbers. Received: NaN or "
                f"infinity in row {np.argmin(is_finite)} of "
                f"`embeddings_{number}`"
            )
