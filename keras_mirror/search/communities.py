import numpy as np

from keras_mirror.nearest_rows import nearest_others
from keras_mirror.optional import import_optional

OUTLIER = -1
# Every text is compared with every other: half of this number takes 3 minutes
# on one core, all of it four times as long.
MAX_COMPARED = 200_000
# Chosen on training texts of banking77, of 3, 8, 20, 40 or all 77 intents, by
# the adjusted mutual information with outliers as a class: better than 10
# neighbors throughout, and than a resolution of 2 of the modularity, but for
# all 77.
NUM_NEIGHBORS = 15
# The minimum size of a community: a tenth of all lines, within these bounds.
FEWEST_LINES, MOST_LINES = 2, 5


def communities(embeddings, counts, seed: int | None = 0):
    """Finds groups of similar texts, and how many there are.

    Every text is linked to the 15 texts nearest to it; if there are fewer than
    30 texts, to half of them. The weight of a link is the cosine, doubled if
    each text is among the nearest of the other. The groups are the communities
    of this graph that the Louvain method finds: more weight is within them than
    chance would put there. Equal embeddings are one node of the graph.

    A text is alone if it is not among the nearest texts of any of its own
    nearest texts. The texts of a group of fewer than 5 lines are outliers, and
    so is a text that is alone, unless 5 lines repeat it. If there are fewer
    than 50 lines, a group needs a tenth of them, and at least 2.

    Reference:
        - [Blondel et al., 2008](https://arxiv.org/abs/0803.0476)

    Args:
        embeddings: Float32 array of shape `(n, embedding_dim)`, rows of length
            1.
        counts: Integer array of shape `(n,)`, the number of lines with each
            text.
        seed: Integer. Decides the order in which texts are visited; `None`
            draws one. Defaults to `0`.

    Returns:
        An integer array of shape `(n,)`, the group of each text; -1 for an
        outlier.

    Raises:
        ValueError: An embedding is NaN.
        ImportError: The extra `[search]` is not installed.

    Example:

    >>> embeddings = np.eye(3, dtype="float32")[[0, 0, 1, 1, 2]]
    >>> labels = communities(embeddings, np.ones(5, int))
    >>> np.unique(labels[:2]).size, np.unique(labels[2:4]).size, int(labels[4])
    (1, 1, -1)
    """
    clustering = import_optional("sknetwork.clustering", "search")
    sparse = import_optional("scipy.sparse", "search")
    nodes, places = _nodes(embeddings)
    graph = _graph(embeddings[nodes])
    labels = np.arange(len(nodes))  # each is alone
    linked = np.flatnonzero(np.diff(graph.indptr))
    if len(linked):
        louvain = clustering.Louvain(
            modularity="newman", shuffle_nodes=True, random_state=seed
        )
        within = sparse.csr_matrix(graph[linked][:, linked])
        labels[linked] = len(nodes) + louvain.fit_predict(within)
    labels = labels[places]
    lines = np.bincount(labels, weights=counts)
    fewest = np.clip(counts.sum() // 10, FEWEST_LINES, MOST_LINES)
    return np.where(lines[labels] < fewest, OUTLIER, labels)


def _nodes(embeddings) -> tuple:
    """The first row of each different embedding, and the node of each row.

    Otherwise many equal rows would have only the first ones as neighbors.
    """
    numbers: dict[bytes, int] = {}
    places = [
        numbers.setdefault(row.tobytes(), len(numbers)) for row in embeddings
    ]
    return np.unique(places, return_index=True)[1], np.array(places)


def _graph(embeddings):
    """Weights between texts, a sparse matrix; an outlier's row is empty."""
    sparse = import_optional("scipy.sparse", "search")
    size = len(embeddings)
    num_neighbors = min(NUM_NEIGHBORS, size // 2)
    if not num_neighbors:
        return sparse.csr_array((size, size))
    cosines, neighbors = nearest_others(embeddings, num_neighbors)
    near = sparse.csr_array(
        (
            np.maximum(cosines, 0).astype("float64").ravel(),
            neighbors.ravel(),
            np.arange(0, neighbors.size + 1, num_neighbors),
        ),
        shape=(size, size),
    )
    is_mutual = near.minimum(near.T).sum(axis=1) > 0
    kept = sparse.diags_array(is_mutual.astype("float64"))
    graph = (kept @ (near + near.T) @ kept).tocsr()
    graph.eliminate_zeros()
    graph.sort_indices()
    return graph
