import itertools
import os

import numpy as np

from keras_mirror.lock import Lock
from keras_mirror.optional import import_optional
from keras_mirror.store.graph_check import check_graph

# Recall@10 is 0.99 on 100,000 sentences: see benchmarks/search.py.
_SETTINGS = {
    "metric": "ip",
    "dtype": "bf16",
    "connectivity": 16,
    "expansion_add": 128,
    "expansion_search": 128,
}
_HASHED = 2**16  # vectors at a time


class NeighborGraph:
    """Approximate search among unit embeddings: the HNSW graph of `usearch`.

    The graph holds its own embeddings in bfloat16, and proposes neighbors; who
    asks orders them by the float32 embeddings. Vectors that are equal in
    bfloat16, such as those of long texts that begin alike, are one node:
    hundreds of equal nodes would be each other's only neighbors and hide the
    others.

    Reference:
        - [Malkov and Yashunin, 2016](https://arxiv.org/abs/1603.09320)

    Args:
        embedding_dim: Integer.
    """

    def __init__(self, embedding_dim: int) -> None:
        self.embedding_dim = embedding_dim
        self._lock = Lock()
        self._index = self._empty()
        self._num_embeddings = 0
        self._equal: dict[int, list[int]] = {}  # of a node, those after it
        self._nodes: dict[int, int] = {}
        self._num_hashed = 0

    def __len__(self) -> int:
        return self._num_embeddings

    def extend(self, embeddings) -> None:
        """Adds those of all embeddings that are behind those that it has."""
        with self._lock:
            new = self._new_nodes(embeddings)
            self._num_embeddings = len(embeddings)
            if len(new):
                self._index.add(new.astype("uint64"), embeddings[new])

    def places(self, query, number: int):
        """Nearly always the places of the nearest embeddings.

        Args:
            query: Float32 array of shape `(embedding_dim,)`, of length 1.
            number: Positive integer.

        Returns:
            An integer array: `number` places, more where vectors are equal,
            fewer where the graph has come apart.
        """
        # `usearch` gives all calls of a thread the same buffers.
        with self._lock:
            nodes = self._index.search(query, number, threads=1).keys.tolist()
            equal = [self._equal.get(node, ()) for node in nodes]
            return np.array([*nodes, *itertools.chain(*equal)], "int64")

    def equal_places(self) -> list[tuple[int, int]]:
        """The places that are no node, and the nodes that they are equal to."""
        return [
            (place, node)
            for node, places in self._equal.items()
            for place in places
        ]

    def save(self, path: str | os.PathLike) -> None:
        """Writes the graph into a file, without `equal_places`."""
        self._index.save(os.fspath(path))

    def restore(
        self,
        path: str | os.PathLike,
        num_embeddings: int,
        equal_places: list[tuple[int, int]],
        view: bool = True,
    ) -> None:
        """Reads what `save` wrote, if it leads nowhere outside of it.

        Args:
            path: String or path.
            num_embeddings: Integer, the number of embeddings in it.
            equal_places: See `equal_places`.
            view: Boolean. Whether the file is mapped, so that memory holds
                what is looked at; it cannot be extended then. Defaults to
                `True`.

        Raises:
            ValueError: The file is damaged, or of other embeddings.
        """
        self._equal = {}
        for place, node in equal_places:
            if not 0 <= node < place < num_embeddings:
                raise ValueError(f"no vector {place} is equal to {node}")
            self._equal.setdefault(node, []).append(place)
        num_nodes = num_embeddings - len(equal_places)
        shape = num_nodes, self.embedding_dim
        content = np.memmap(path, "u1", "r")
        check_graph(content, self._empty().save(), shape, num_embeddings)
        del content
        if view:
            self._index.view(os.fspath(path))
        else:
            self._index.load(os.fspath(path))
        self._num_embeddings = num_embeddings

    def _empty(self):
        usearch = import_optional("usearch.index", "search")
        return usearch.Index(ndim=self.embedding_dim, **_SETTINGS)

    def _new_nodes(self, embeddings):
        """The places of new nodes; of the others, finds which they equal."""
        new: list[int] = []
        for start in range(self._num_hashed, len(embeddings), _HASHED):
            keys = _keys(embeddings[start : start + _HASHED])
            for place, key in enumerate(keys.tolist(), start=start):
                node = self._nodes.setdefault(key, place)
                if place < self._num_embeddings:
                    continue  # of a graph that was read
                if node == place:
                    new.append(place)
                else:
                    self._equal.setdefault(node, []).append(place)
        self._num_hashed = len(embeddings)
        return np.array(new, "int64")


def _keys(embeddings):
    """A number of 64 bits for each vector, equal where bfloat16 is."""
    upper_halves = np.ascontiguousarray(embeddings).view("uint32") >> 16
    generator = np.random.default_rng(0)
    factors = generator.integers(1, 2**64, embeddings.shape[1], dtype="uint64")
    return (upper_halves.astype("uint64") * (factors | 1)).sum(axis=1)
