import numpy as np

from keras_mirror.nearest_rows import nearest_others

NUM_NEIGHBORS = 10


def mutual_neighbors(embeddings, floor: float, k: int = NUM_NEIGHBORS):
    """Finds strings that are among each other's nearest.

    It compares every string with every other, so the time grows with the square
    of their number: 100,000 strings take a few minutes on two cores.

    Args:
        embeddings: Array of shape `(num_strings, embedding_dim)`, rows of
            length 1.
        floor: Float, the smallest cosine of neighbors.
        k: Integer, the number of nearest strings that count. Defaults to `10`.

    Returns:
        An int32 array of shape `(num_strings, k)`, nearest first; -1 if there
        are fewer.

    Example:

    >>> rows = np.array([[1, 0], [0.8, 0.6], [0, 1], [-1, 0]], "float32")
    >>> mutual_neighbors(rows, floor=0.7, k=2).tolist()
    [[1, -1], [0, -1], [-1, -1], [-1, -1]]
    """
    rows = np.asarray(embeddings, "float32")
    k = min(k, len(rows) - 1)
    cosines, nearest = nearest_others(rows, k)
    neighbors = np.where(cosines >= floor, nearest, -1)
    kept = [
        [other for other in others if other >= 0 and row in neighbors[other]]
        for row, others in enumerate(neighbors)
    ]
    mutual = np.full((len(rows), k), -1, "int32")
    for row, others in enumerate(kept):
        mutual[row, : len(others)] = others
    return mutual


def draw_neighbors(neighbors, generator):
    """Draws one neighbor of each row uniformly; -1 if there is none.

    Args:
        neighbors: Integer array of shape `(n, k)`, with -1 for no neighbor.
        generator: A `numpy.random.Generator`.

    Returns:
        An integer array of shape `(n,)`.

    Example:

    >>> neighbors = np.array([[7, -1], [-1, -1]])
    >>> draw_neighbors(neighbors, np.random.default_rng(0)).tolist()
    [7, -1]
    """
    # The first in a random order in which missing neighbors come last.
    order = generator.random(neighbors.shape) + (neighbors < 0)
    places = order.argmin(axis=1)
    return neighbors[np.arange(len(neighbors)), places]
