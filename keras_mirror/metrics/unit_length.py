"""Scales rows of tensors to length 1; see `unit_rows` for NumPy arrays.

A row shorter than 1e-12 becomes shorter than 1, and an all-zero row stays.
"""

from keras import ops

from keras_mirror.unit_rows import SHORTEST


def unit_length(embeddings):
    """Divides the rows of a tensor by their length, in float32.

    Rows are scaled before they are squared, so that huge ones do not overflow,
    and the root is taken of a positive number, so that an all-zero row has a
    finite gradient on every backend.

    Args:
        embeddings: Tensor of shape `(n, embedding_dim)`, any float dtype.

    Returns:
        A float32 tensor of the same shape.

    Example:

    >>> float(unit_length(np.array([[0.0, 1e30]]))[0, 1])
    1.0
    """
    embeddings = ops.cast(embeddings, "float32")
    largest = ops.max(ops.abs(embeddings), axis=-1, keepdims=True)
    embeddings = embeddings / ops.stop_gradient(ops.maximum(largest, 1.0))
    square_sum = ops.sum(ops.square(embeddings), axis=-1, keepdims=True)
    return embeddings / ops.sqrt(ops.maximum(square_sum, SHORTEST**2))
