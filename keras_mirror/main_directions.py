import numpy as np


def main_directions(moments, number: int) -> np.ndarray:
    """The main directions of vectors: PCA without centering.

    The mean is not subtracted, since cosines are angles at zero.

    Args:
        moments: Float array of shape `(embedding_dim, embedding_dim)`, the
            second moments of the vectors: `vectors.T @ vectors`.
        number: Integer, at most `embedding_dim`.

    Returns:
        A float64 array of shape `(embedding_dim, number)`, orthogonal columns
        of length 1, the most important direction first.

    Example:

    >>> vectors = np.array([[0.0, 2.0], [1.0, 0.0]])
    >>> main_directions(vectors.T @ vectors, 1).tolist()
    [[0.0], [1.0]]
    """
    _, directions = np.linalg.eigh(np.asarray(moments, "float64"))
    directions = directions[:, ::-1][:, :number]
    # The signs of `eigh` depend on the machine.
    largest = np.abs(directions).argmax(axis=0)
    return directions * np.sign(directions[largest, np.arange(number)])
