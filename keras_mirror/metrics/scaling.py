from keras import ops


def scaled_down(embeddings):
    """Embeddings in float32 with no entry beyond 1, and what they lost.

    Squares and sums of the scaled ones overflow for no embedding that is
    itself finite.

    Args:
        embeddings: Tensor of shape `(n, embedding_dim)`.

    Returns:
        A tuple of a float32 tensor of the same shape, and the float32 scalar
        that gives the embeddings back by multiplication; 1 for all zeros.

    Example:

    >>> rows, scale = scaled_down(np.array([[2.0, 0.0], [0.0, -8.0]]))
    >>> float(scale), float(rows[1, 1])
    (8.0, -1.0)
    """
    embeddings = ops.cast(embeddings, "float32")
    return _divided(embeddings, ops.max(ops.abs(embeddings)))


def unit_length(embeddings):
    """Rows of length 1 in float32; an all-zero row stays.

    Args:
        embeddings: Tensor of shape `(n, embedding_dim)`.

    Returns:
        A float32 tensor of the same shape.

    Example:

    >>> float(unit_length(np.array([[0.0, 1e30]]))[0, 1])
    1.0
    """
    embeddings = ops.cast(embeddings, "float32")
    largest = ops.max(ops.abs(embeddings), axis=-1, keepdims=True)
    rows, _ = _divided(embeddings, largest)
    rows, _ = _divided(rows, ops.norm(rows, axis=-1, keepdims=True))
    return rows


def _divided(embeddings, scale):
    scale = ops.where(scale == 0, 1.0, scale)
    return embeddings / scale, scale
