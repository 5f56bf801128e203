"""Reduces embeddings to two dimensions in which near texts stay near."""

import numpy as np

from keras_mirror.nearest_rows import nearest_others
from keras_mirror.optional import import_optional

PERPLEXITY = 30
_NUM_NEIGHBORS = 3 * PERPLEXITY  # neighbors per perplexity, as in openTSNE
# For fewer texts, repulsions are summed exactly: the grid of the Fourier
# transform costs as much for ten texts as for thousands.
_FEW = 2000
_FEWEST = 4  # which t-SNE can lay out


def lay_out(embeddings, seed: int = 0, num_threads: int = 1):
    """Places embeddings on a plane by t-SNE, the near ones near each other.

    It starts from the two principal components, as Kobak and Berens advise. The
    search for neighbors is exact, so the number of threads changes nothing.

    Reference:

    - [Linderman et al., 2019](https://arxiv.org/abs/1712.09005)
    - [Kobak and Berens, 2019](https://doi.org/10.1038/s41467-019-13056-x)

    Args:
        embeddings: Float32 array of shape `(n, embedding_dim)`, rows of length
            1, best all different.
        seed: Integer. Defaults to `0`.
        num_threads: Integer. Defaults to `1`.

    Returns:
        Float32 array of shape `(n, 2)`, from 0 to 1, at one scale.

    Raises:
        ImportError: The extra `[map]` is not installed.

    Example:

    >>> lay_out(np.eye(3, dtype="float32")).shape
    (3, 2)
    """
    open_tsne = import_optional("openTSNE", "map")
    embeddings = np.ascontiguousarray(embeddings, "float32")
    if len(embeddings) < _FEWEST:
        return _row_of(len(embeddings))
    affinities = _affinities(embeddings, num_threads)
    start = open_tsne.initialization.pca(embeddings, random_state=seed)
    plane = open_tsne.TSNEEmbedding(
        start,
        affinities,
        negative_gradient_method="bh" if len(start) < _FEW else "fft",
        n_jobs=num_threads,
        random_state=seed,
    )
    plane = plane.optimize(250, exaggeration=12, momentum=0.5)
    return _scaled(np.array(plane.optimize(500, momentum=0.8)))


def _affinities(embeddings, num_threads: int):
    """The affinities of texts to their exact nearest neighbors."""
    neighbors = import_optional("openTSNE.nearest_neighbors", "map")
    affinity = import_optional("openTSNE.affinity", "map")
    num_neighbors = min(_NUM_NEIGHBORS, len(embeddings) - 1)
    similarities, rows = nearest_others(embeddings, num_neighbors)
    distances = np.sqrt(np.maximum(2 - 2 * similarities.astype("float64"), 0))
    return affinity.PerplexityBasedNN(
        knn_index=neighbors.PrecomputedNeighbors(rows, distances),
        perplexity=min(PERPLEXITY, num_neighbors / 3),
        n_jobs=num_threads,
    )


def _row_of(num_texts: int):
    """Places texts on a line if they are too few for t-SNE."""
    plane = np.full((num_texts, 2), 0.5, "float32")
    plane[:, 0] = (np.arange(num_texts) + 1) / (num_texts + 1)
    return plane


def _scaled(plane):
    lowest, highest = plane.min(axis=0), plane.max(axis=0)
    middle, size = (lowest + highest) / 2, (highest - lowest).max()
    return ((plane - middle) / (size or 1) + 0.5).astype("float32")
