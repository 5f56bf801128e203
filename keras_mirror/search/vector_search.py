import numpy as np

from keras_mirror.lock import Lock
from keras_mirror.metrics.nearest_rows import nearest_rows
from keras_mirror.search.neighbor_graph import NeighborGraph

# Looking at so many embeddings takes about as long as encoding the query, and a
# graph of more takes minutes to build: see benchmarks/search.py.
MAX_EXACT = 100_000
# A graph is of use for the first few neighbors only.
_MAX_APPROXIMATE_K = 1000


class VectorSearch:
    """Unit embeddings, and the nearest ones to others: exact or approximate.

    The graph of an approximate search is built when it is first needed. Exact
    searches run beside each other; in the graph there is one at a time, since
    `usearch` gives all calls of a thread the same buffers.

    Args:
        embeddings: Float32 array of shape `(num_embeddings, embedding_dim)`.
        exact: See `keras_mirror.search.Index`. Defaults to `None`.
        graph: Bytes that `graph_bytes` gave for these embeddings. Defaults to
            `None`.

    Attributes:
        lock: The `Lock` that is taken while embeddings or graph change.

    Example:

    >>> search = VectorSearch(np.eye(3, dtype="float32"))
    >>> similarities, rows = search.nearest(search.embeddings[1:2], k=1)
    >>> similarities.tolist(), rows.tolist()
    ([[1.0]], [[1]])
    """

    def __init__(
        self, embeddings, exact: bool | None = None, graph: bytes | None = None
    ) -> None:
        self.exact = exact
        self.lock = Lock()
        self._blocks = [embeddings]
        self._graph: NeighborGraph | None = None
        if graph is not None:
            self._graph = NeighborGraph.from_bytes(graph, embeddings)

    def __len__(self) -> int:
        return sum(map(len, self._blocks))

    @property
    def embeddings(self):
        with self.lock:
            if len(self._blocks) > 1:
                self._blocks = [np.concatenate(self._blocks)]
            return self._blocks[0]

    def extend(self, embeddings) -> None:
        """Adds embeddings behind those that are there."""
        with self.lock:
            self._blocks.append(embeddings)

    def prepare(self, num_embeddings: int) -> None:
        """Finds out whether what so many embeddings need is installed.

        Raises:
            ImportError: It is not.
        """
        if not self._is_exact(num_embeddings):
            self._some_graph()

    def nearest(self, queries, k: int) -> tuple:
        """The rows most similar to each query.

        Args:
            queries: Float32 unit embeddings of shape
                `(num_queries, embedding_dim)`.
            k: Positive integer, at most `len(self)`.

        Returns:
            A tuple `(similarities, rows)` of arrays of shape
            `(num_queries, k)`, most similar first.
        """
        with self.lock:
            embeddings = self.embeddings
            if not self._is_exact(len(embeddings)) and k <= _MAX_APPROXIMATE_K:
                return self._whole_graph().nearest(queries, embeddings, k)
        return nearest_rows(queries, embeddings, k)

    def graph_bytes(self) -> bytes | None:
        """The graph for a file; `None` where searches do without."""
        with self.lock:
            if self._is_exact(len(self)):
                return None
            return self._whole_graph().to_bytes()

    def _is_exact(self, num_embeddings: int) -> bool:
        return num_embeddings <= MAX_EXACT if self.exact is None else self.exact

    def _some_graph(self) -> NeighborGraph:
        with self.lock:
            if self._graph is None:
                self._graph = NeighborGraph(self._blocks[0].shape[1])
            return self._graph

    def _whole_graph(self) -> NeighborGraph:
        graph = self._some_graph()
        graph.extend(self.embeddings[len(graph) :])
        return graph
