import numpy as np

from keras_mirror.nearest_rows import largest
from keras_mirror.nearest_rows import nearest_rows
from keras_mirror.store.signs import Signs

# Comparing this many embeddings takes about as long as encoding the query: see
# benchmarks/search.py.
MAX_EXACT = 100_000
# Signs are good enough only for the first few neighbors.
_MAX_APPROXIMATE_K = 1000
# From this many queries on, a matrix product with all embeddings is as fast.
_BATCH = 16
# The number of vectors with the most similar signs that are compared: a
# minimum, a number per neighbor, and one more for this many vectors.
_NUM_CANDIDATES = 1000
_CANDIDATES_PER_NEIGHBOR = 20
_VECTORS_PER_CANDIDATE = 1000
# Up to this many vectors, those of a mask are copied to be compared.
_MAX_GATHERED = 20_000
# A vector has length 1, up to rounding; a longer one is damaged.
_LONGEST = 1 + 1e-3


def is_exact(exact: bool | None, num_embeddings: int) -> bool:
    """Whether searches compare all of a number of embeddings."""
    return num_embeddings <= MAX_EXACT if exact is None else exact


def nearest(
    queries, embeddings, k: int, signs: Signs | None = None, mask=None
) -> list[tuple]:
    """The embeddings most similar to each query.

    Args:
        queries: Float32 unit embeddings of shape
            `(num_queries, embedding_dim)`.
        embeddings: The same of shape `(num_embeddings, embedding_dim)`.
        k: Positive integer.
        signs: `Signs` of the embeddings, or `None`: all are compared. Defaults
            to `None`.
        mask: Boolean array of shape `(num_embeddings,)`, which of them may be
            found. Defaults to `None`: all.

    Returns:
        A list of a tuple `(similarities, places)` for each query, most similar
        first: `k` of them, or all if there are fewer.

    Raises:
        ValueError: An embedding is damaged.

    Example:

    >>> embeddings = np.eye(3, dtype="float32")
    >>> [(similarities, places)] = nearest(embeddings[1:2], embeddings, k=1)
    >>> similarities.tolist(), places.tolist()
    ([1.0], [1])
    """
    number = len(embeddings) if mask is None else int(mask.sum())
    k = min(k, number)
    if not k:
        none = np.empty(0, "float32"), np.empty(0, "int64")
        return [none for _ in queries]
    is_few = mask is not None and number <= _MAX_GATHERED
    is_batch = len(queries) >= _BATCH
    if signs is None or is_batch or k > _MAX_APPROXIMATE_K or is_few:
        found = _nearest_of_all(queries, embeddings, k, mask, number)
    else:
        found = [
            _nearest_by(signs, query, embeddings, k, mask, number)
            for query in queries
        ]
    for similarities, _ in found:
        if not (np.abs(similarities) <= _LONGEST).all():  # nor is NaN
            raise ValueError("An index must hold vectors of length 1")
    return found


def _nearest_of_all(queries, embeddings, k: int, mask, number) -> list[tuple]:
    if mask is None or number > _MAX_GATHERED:
        left_out = () if mask is None else np.flatnonzero(~mask)
        columns = nearest_rows(queries, embeddings, k, left_out)
        return list(zip(*columns, strict=True))
    allowed = np.flatnonzero(mask)
    columns = nearest_rows(queries, embeddings[allowed], k)
    return [
        (similarities, allowed[places])
        for similarities, places in zip(*columns, strict=True)
    ]


def _nearest_by(
    signs: Signs, query, embeddings, k: int, mask, number: int
) -> tuple:
    wanted = max(_NUM_CANDIDATES, k * _CANDIDATES_PER_NEIGHBOR)
    wanted += number // _VECTORS_PER_CANDIDATE
    places = signs.places(query, len(embeddings), min(wanted, number), mask)
    similarities = embeddings[places] @ query
    best = largest(similarities, k)
    return similarities[best], places[best]
