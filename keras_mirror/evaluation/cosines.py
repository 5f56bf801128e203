"""Cosines of vectors for tasks, for dense and for sparse rows.

Vectors of an encoder are a NumPy array. Vectors of TF-IDF are a sparse SciPy
matrix: with tens of thousands of rows and columns they would not fit into
memory as an array. A block of cosines is always an array.
"""

from collections.abc import Iterator

import numpy as np

from keras_mirror.unit_rows import pairwise_cosines as dense_cosines
from keras_mirror.unit_rows import unit_rows as dense_unit_rows

ROWS_AT_ONCE = 256  # times the rows to compare with: one block in memory
_SHORTEST = 1e-12


def is_sparse(rows) -> bool:
    """Whether rows are a sparse matrix of SciPy.

    Example:

    >>> is_sparse(np.eye(2))
    False
    """
    return hasattr(rows, "tocsr")


def is_finite(rows) -> bool:
    """Whether rows hold neither NaN nor infinity, as diverged models give.

    Example:

    >>> is_finite(np.array([[1.0, np.nan]]))
    False
    """
    values = rows.data if is_sparse(rows) else rows
    return bool(np.isfinite(values).all())


def unit_rows(rows):
    """Divides rows by their length; an all-zero row stays.

    Args:
        rows: Array or sparse matrix of shape `(n, embedding_dim)`.

    Returns:
        A float32 array, or a sparse matrix, of the same shape.

    Example:

    >>> unit_rows([[0.0, 4.0]]).tolist()
    [[0.0, 1.0]]
    """
    if not is_sparse(rows):
        return dense_unit_rows(rows)
    squares = np.asarray(rows.multiply(rows).sum(axis=1)).reshape(-1, 1)
    lengths = np.maximum(np.sqrt(squares), _SHORTEST)
    return rows.multiply(1 / lengths).tocsr()


def pairwise_cosines(rows_1, rows_2):
    """The cosine of row `i` of one side with row `i` of the other.

    Args:
        rows_1: Array or sparse matrix of shape `(n, embedding_dim)`.
        rows_2: The same kind, of the same shape.

    Returns:
        A float64 array of shape `(n,)`.

    Example:

    >>> pairwise_cosines([[1.0, 0.0]], [[3.0, 0.0]]).tolist()
    [1.0]
    """
    if not is_sparse(rows_1):
        return dense_cosines(rows_1, rows_2)
    products = unit_rows(rows_1).multiply(unit_rows(rows_2))
    return np.asarray(products.sum(axis=1), dtype="float64").ravel()


def cosine_blocks(queries, rows, size: int = ROWS_AT_ONCE) -> Iterator[tuple]:
    """The cosines of all queries with all rows, some queries at a time.

    Args:
        queries: Array or sparse matrix of shape `(num_queries,
            embedding_dim)`, rows of length 1.
        rows: The same kind, of shape `(num_rows, embedding_dim)`.
        size: Integer, the number of queries of a block. Defaults to `256`.

    Yields:
        Tuples `(start, cosines)`: the place of the first query, and an array
        of shape `(at most size, num_rows)`, for the caller to change.

    Example:

    >>> [(start, c.tolist()) for start, c in cosine_blocks(*[np.eye(2)] * 2, 1)]
    [(0, [[1.0, 0.0]]), (1, [[0.0, 1.0]])]
    """
    for start in range(0, queries.shape[0], size):
        cosines = queries[start : start + size] @ rows.T
        yield start, cosines.toarray() if is_sparse(cosines) else cosines


def nearest_row(queries, rows=None):
    """The place of the row that is nearest to each query.

    Args:
        queries: See `cosine_blocks`.
        rows: The same. Defaults to `None`: the queries themselves, each one
            compared with all but itself.

    Returns:
        An integer array of shape `(num_queries,)`; of equally near rows, the
        first.

    Example:

    >>> nearest_row(np.array([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]])).tolist()
    [2, 2, 0]
    """
    places = np.empty(queries.shape[0], dtype=int)
    others = queries if rows is None else rows
    for start, cosines in cosine_blocks(queries, others):
        block = np.arange(len(cosines))
        if rows is None:
            cosines[block, start + block] = -np.inf
        places[start + block] = cosines.argmax(axis=1)
    return places
