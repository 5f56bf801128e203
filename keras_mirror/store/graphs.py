"""The neighbor graph of a store: in memory, or in a file of its folder."""

import os
import pathlib

import apsw

from keras_mirror.store.index_errors import index_errors
from keras_mirror.store.neighbor_graph import NeighborGraph
from keras_mirror.store.settings import Settings
from keras_mirror.store.vector_search import MAX_BEHIND
from keras_mirror.store.vector_search import is_exact


class MemoryGraph:
    """A graph of all vectors, made when it is first needed."""

    def __init__(self, embedding_dim: int) -> None:
        self._graph: NeighborGraph | None = None
        self.embedding_dim = embedding_dim

    def current(self, settings: Settings, embeddings) -> NeighborGraph | None:
        """The graph that searches use, or `None` where they do without."""
        self.grow(settings, embeddings)
        return self._graph

    def grow(self, settings: Settings, embeddings) -> None:
        """Takes new vectors into the graph."""
        if is_exact(settings.exact, len(embeddings)):
            return
        if self._graph is None:
            self._graph = NeighborGraph(self.embedding_dim)
        self._graph.extend(embeddings)


class FolderGraph:
    """A graph in a file, which another one follows when many are behind it.

    Files are never changed: who has one mapped can go on.

    Args:
        folder: `pathlib.Path`.
        connection: An `apsw.Connection` of `database`.
    """

    def __init__(
        self, folder: pathlib.Path, connection: apsw.Connection
    ) -> None:
        self.folder = folder
        self._connection = connection
        self._graph: NeighborGraph | None = None
        self._name: str | None = None

    def current(self, settings: Settings, embeddings) -> NeighborGraph | None:
        """The graph that searches use, or `None` where they do without."""
        if is_exact(settings.exact, len(embeddings)) or not settings.graph:
            return None
        if self._name != settings.graph:
            self._graph = self._read(settings, view=True)
            self._name = settings.graph
        return self._graph

    def grow(self, settings: Settings, embeddings) -> None:
        """Writes a graph with new vectors, in a transaction, if many are."""
        number = len(embeddings)
        if is_exact(settings.exact, number):
            return
        if settings.graph and number - settings.num_in_graph <= MAX_BEHIND:
            return
        graph = self._read(settings, view=False)
        graph.extend(embeddings)
        self._write(settings, graph)

    def _read(self, settings: Settings, view: bool) -> NeighborGraph:
        graph = NeighborGraph(settings.embedding_dim)
        if settings.graph:
            with index_errors(self.folder):
                rows = self._connection.execute(
                    "SELECT slot, node FROM equal_vectors ORDER BY slot"
                )
                path = self.folder / settings.graph
                graph.restore(path, settings.num_in_graph, list(rows), view)
        return graph

    def _write(self, settings: Settings, graph: NeighborGraph) -> None:
        settings.file_number += 1
        settings.graph = f"graph-{settings.file_number}.usearch"
        settings.num_in_graph = len(graph)
        path = self.folder / settings.graph
        graph.save(path)
        with open(path, "rb") as file:
            os.fsync(file.fileno())
        self._connection.execute("DELETE FROM equal_vectors")
        self._connection.executemany(
            "INSERT INTO equal_vectors VALUES (?, ?)", graph.equal_places()
        )
