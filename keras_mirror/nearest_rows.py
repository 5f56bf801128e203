import numpy as np

# Similarities in memory at a time: 64 MB.
_NUM_SIMILARITIES = 2**24
_GROUP = 64


def nearest_rows(queries, embeddings, k: int, left_out=()) -> tuple:
    """The rows most similar to each query, by comparing with all rows.

    Args:
        queries: Float32 array of shape `(num_queries, embedding_dim)`, rows of
            length 1.
        embeddings: The same of shape `(num_embeddings, embedding_dim)`.
        k: Positive integer, at most the number of rows that are not left out.
        left_out: List of integers, rows to ignore. Defaults to none.

    Returns:
        A tuple `(similarities, rows)` of arrays of shape `(num_queries, k)`,
        most similar first; of equally similar rows, the lower first.

    Raises:
        ValueError: A similarity is NaN.

    Example:

    >>> embeddings = np.eye(3, dtype="float32")
    >>> similarities, rows = nearest_rows(embeddings[1:2], embeddings, 2)
    >>> similarities.tolist(), rows.tolist()
    ([[1.0, 0.0]], [[1, 0]])
    """
    shape = (len(queries), k)
    similarities, rows = np.empty(shape, "float32"), np.empty(shape, "int64")
    num_queries = max(1, _NUM_SIMILARITIES // len(embeddings))
    for start in range(0, len(queries), num_queries):
        with np.errstate(invalid="ignore"):
            block = queries[start : start + num_queries] @ embeddings.T
        if np.isnan(block.max(initial=-np.inf)):
            raise ValueError("Embeddings must be finite numbers")
        if len(left_out):
            block[:, left_out] = -np.inf
        for query, row in enumerate(block, start=start):
            rows[query] = largest(row, k)
            similarities[query] = row[rows[query]]
    return similarities, rows


def nearest_others(embeddings, k: int, num_queries: int | None = None) -> tuple:
    """The rows most similar to each row, without itself.

    Args:
        embeddings: Float32 array of shape `(n, embedding_dim)`, rows of length
            1.
        k: Positive integer, less than `n`.
        num_queries: Integer, the number of first rows that are queries.
            Defaults to `None`: all rows.

    Returns:
        A tuple `(similarities, rows)`, see `nearest_rows`.

    Example:

    >>> rows = np.array([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]], "float32")
    >>> nearest_others(rows, 1)[1].tolist()
    [[2], [2], [0]]
    """
    queries = embeddings[:num_queries]
    similarities, rows = nearest_rows(queries, embeddings, k + 1)
    is_left_out = rows == np.arange(len(rows))[:, np.newaxis]
    # Among many equal rows, a row may not be one of its own nearest.
    is_left_out[:, -1] |= ~is_left_out.any(axis=1)
    shape = (len(rows), k)
    return (
        similarities[~is_left_out].reshape(shape),
        rows[~is_left_out].reshape(shape),
    )


def largest(values, k: int):
    """The places of the `k` largest values, largest first, ties in order.

    Args:
        values: Array of shape `(n,)`, not NaN.
        k: Positive integer, at most `n`.

    Returns:
        An integer array of shape `(k,)`.

    Example:

    >>> largest(np.array([1.0, 3.0, 1.0, 2.0]), 3).tolist()
    [1, 3, 0]
    """
    places = np.flatnonzero(values >= _bound(values, k))
    values = values[places]
    is_large = values >= np.partition(values, -k)[-k]
    places, values = places[is_large], values[is_large]
    return places[np.argsort(-values, kind="stable")[:k]]


def _bound(values, k: int):
    """A lower bound on the k-th largest number, usually a close one.

    It is the k-th largest of the maxima of groups, which takes a fifth of the
    time of partitioning all numbers.
    """
    num_groups = len(values) // _GROUP
    if num_groups < k:
        return -np.inf
    groups = values[: num_groups * _GROUP].reshape(_GROUP, num_groups)
    return np.partition(groups.max(axis=0), -k)[-k]
