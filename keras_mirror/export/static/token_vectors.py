from collections.abc import Callable

import numpy as np

from keras_mirror.data.as_strings import batched
from keras_mirror.encoder.encode import CHUNK_SIZE
from keras_mirror.encoder.encode import encode_ids


def token_vectors(
    model,
    token_ids: list[int],
    on_progress: Callable[[int], object] | None = None,
):
    """Encodes tokens as texts of one token.

    Args:
        model: A `MirrorModel`.
        token_ids: List of integers.
        on_progress: Function of the number of tokens just encoded. Defaults
            to `None`.

    Returns:
        A float32 array of shape `(len(token_ids), embedding_dim)`.

    Example:

    >>> token_vectors(model, [7, 8]).shape[0]
    2
    """
    [prompt] = model.preprocessor.tokenize([""])
    blocks = []
    for chunk in batched(token_ids, CHUNK_SIZE):
        blocks.append(encode_ids(model, [[*prompt, id] for id in chunk]))
        if on_progress is not None:
            on_progress(len(chunk))
    return np.concatenate(blocks)


def main_directions(vectors, dimensions: int):
    """The directions in which vectors are longest: PCA around zero.

    Not around their mean: cosines are angles at zero.

    Args:
        vectors: Float array of shape `(n, embedding_dim)`.
        dimensions: Integer, at most `embedding_dim`.

    Returns:
        A float32 array of shape `(embedding_dim, dimensions)`, columns of
        length 1, the most important direction first.

    Example:

    >>> main_directions(np.array([[0.0, 2.0], [1.0, 0.0]]), 1).tolist()
    [[0.0], [1.0]]
    """
    vectors = np.asarray(vectors, "float64")
    _, directions = np.linalg.eigh(vectors.T @ vectors)
    directions = directions[:, ::-1][:, :dimensions]
    largest = np.abs(directions).argmax(axis=0)
    signs = np.sign(directions[largest, np.arange(dimensions)])
    return (directions * signs).astype("float32")
