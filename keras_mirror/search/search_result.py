from typing import NamedTuple


class SearchResult(NamedTuple):
    """A text that was found.

    Args:
        text: String.
        similarity: Float, its cosine with the query.
        row: Integer, its place in the index, from 0.
    """

    text: str
    similarity: float
    row: int
