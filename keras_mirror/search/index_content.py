from typing import Any
from typing import NamedTuple

# What the file says that it is, and its parts.
FORMAT = "keras_mirror.search.Index"
VERSION = 1
SETTINGS, TEXTS = "settings.json", "texts.json"
VECTORS, GRAPH = "vectors.npy", "graph.usearch"


class IndexContent(NamedTuple):
    """What the file of an index holds.

    Args:
        fingerprint: String, of the encoder.
        exact: See `keras_mirror.search.Index`.
        archive: String, the path of the encoder's archive, or `None`.
        texts: List of strings.
        vectors: Float32 array, a unit vector for every different text.
        graph: Bytes, or `None`.
    """

    fingerprint: str
    exact: bool | None
    archive: str | None
    texts: list
    vectors: Any
    graph: bytes | None
