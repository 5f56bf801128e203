"""Alone in its file: whoever tries another head looks for it by this name."""

import keras


def projection_head(embedding_dim: int):
    """Two dense layers between the embeddings and the loss, in training only.

    The loss then acts on the head's outputs, and the embeddings keep
    information that it would remove. Computes in float32, as the pooling does.

    Reference:
        - [Chen et al., 2020](https://arxiv.org/abs/2002.05709), section 4.2
        - [Gao et al., 2021](https://arxiv.org/abs/2104.08821), whose
          unsupervised models drop their head (of one layer) after training

    Args:
        embedding_dim: Integer, the size of inputs, hidden layer and outputs.

    Returns:
        A built `keras.Sequential`.

    Example:

    >>> projection_head(8).output_shape
    (None, 8)
    """
    layers = [
        keras.layers.Dense(embedding_dim, activation="gelu", dtype="float32"),
        keras.layers.Dense(embedding_dim, dtype="float32"),
    ]
    inputs = keras.Input((embedding_dim,), dtype="float32")
    return keras.Sequential([inputs, *layers], name="projection_head")
