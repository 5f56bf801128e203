import numpy as np

from keras_mirror.search.nearest_rows import nearest_rows
from keras_mirror.search.neighbor_graph import NeighborGraph

# Looking at so many vectors takes about as long as encoding the query, and a
# graph of more takes minutes to build: see benchmarks/search.py.
MAX_EXACT = 100_000
# A graph is of use for the first few neighbors only.
_MAX_APPROXIMATE_K = 1000


class VectorSearch:
    """Unit vectors, and the nearest ones to others: exact or approximate.

    The graph of an approximate search is built when it is first needed.

    Args:
        vectors: Float32 array of shape `(num_vectors, embedding_dim)`.
        exact: See `keras_mirror.search.Index`. Defaults to `None`.
        graph: Bytes that `graph_bytes` gave for these vectors. Defaults to
            `None`.

    Example:

    >>> search = VectorSearch(np.eye(3, dtype="float32"))
    >>> similarities, rows = search.nearest(search.vectors[1:2], k=1)
    >>> similarities.tolist(), rows.tolist()
    ([[1.0]], [[1]])
    """

    def __init__(self, vectors, exact=None, graph=None):
        self.exact = exact
        self._blocks = [vectors]
        self._graph = None
        if graph is not None:
            self._graph = NeighborGraph.from_bytes(graph, vectors)

    def __len__(self):
        return sum(map(len, self._blocks))

    @property
    def vectors(self):
        if len(self._blocks) > 1:
            self._blocks = [np.concatenate(self._blocks)]
        return self._blocks[0]

    def extend(self, vectors):
        """Adds vectors behind those that are there.

        Args:
            vectors: Float32 array of shape `(n, embedding_dim)`.
        """
        self._blocks.append(vectors)

    def prepare(self, num_vectors):
        """Finds out whether what so many vectors need is installed.

        Args:
            num_vectors: Integer.

        Raises:
            ImportError: It is not.
        """
        if self._graph is None and not self._is_exact(num_vectors):
            self._graph = NeighborGraph(self._blocks[0].shape[1])

    def nearest(self, queries, k):
        """The rows most similar to each query.

        Args:
            queries: Float32 unit vectors of shape
                `(num_queries, embedding_dim)`.
            k: Positive integer, at most `len(self)`.

        Returns:
            A tuple `(similarities, rows)` of arrays of shape
            `(num_queries, k)`, most similar first.
        """
        if self._is_exact(len(self)) or k > _MAX_APPROXIMATE_K:
            return nearest_rows(queries, self.vectors, k)
        return self._whole_graph().nearest(queries, self.vectors, k)

    def graph_bytes(self):
        """The graph for a file; `None` where searches do without."""
        if self._is_exact(len(self)):
            return None
        return self._whole_graph().to_bytes()

    def _is_exact(self, num_vectors):
        return num_vectors <= MAX_EXACT if self.exact is None else self.exact

    def _whole_graph(self):
        self.prepare(len(self))
        self._graph.extend(self.vectors[len(self._graph) :])
        return self._graph
