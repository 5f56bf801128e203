from typing import Any
from typing import NamedTuple


class SearchResult(NamedTuple):
    """A text that was found.

    Args:
        text: String.
        similarity: Float, its cosine with the query; `None` if only keywords
            were compared.
        row: Integer, its place in the order of adding, from 0.
        id: String.
        metadata: Dict.
        score: Float, the score that results are sorted by, see `Index.query`.

    Example:

    >>> found = SearchResult("a man", 0.9, 0, "T17", {"page": 3}, 0.9)
    >>> found.id, found.metadata["page"]
    ('T17', 3)
    """

    text: str
    similarity: float | None
    row: int
    id: str
    metadata: dict[str, Any]
    score: float
