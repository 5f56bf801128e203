"""Which texts of a store answer a query best: by meaning, by words, by both."""

from typing import NamedTuple

import numpy as np

from keras_mirror.store.keywords import search_keywords
from keras_mirror.store.store import Snapshot
from keras_mirror.store.store import Store
from keras_mirror.store.vector_search import nearest

MODES = ("hybrid", "vector", "keyword")
# Reciprocal rank fusion: the constant of the paper, and how many of each list
# are fused.
# [Cormack et al., 2009](https://dl.acm.org/doi/10.1145/1571941.1572114)
_RANK_CONSTANT = 60
_NUM_FUSED = 100


class Ranked(NamedTuple):
    """A text that was found.

    Args:
        slot: Integer.
        similarity: Float, its cosine with the query, or `None`.
        score: Float, what is sorted by.
    """

    slot: int
    similarity: float | None
    score: float


def rank_by_vector(
    snapshot: Snapshot, embeddings, k: int, mask=None
) -> list[list[Ranked]]:
    """The texts whose vectors are nearest to those of queries.

    Args:
        snapshot: A `Snapshot` of a store.
        embeddings: Float32 unit embeddings of queries.
        k: Positive integer.
        mask: Boolean array of the slots that may be found, or `None`.

    Returns:
        A list of at most `k` `Ranked`s for each query, best first.
    """
    found = nearest(embeddings, snapshot.embeddings, k, snapshot.graph, mask)
    return [
        [
            Ranked(slot, cosine, cosine)
            for slot, cosine in zip(
                slots.tolist(),
                np.clip(similarities, -1, 1).tolist(),
                strict=True,
            )
        ]
        for similarities, slots in found
    ]


def rank_by_keyword(
    store: Store, query: str, k: int, mask=None
) -> list[Ranked]:
    """The texts with the most telling words in common with a query.

    Args:
        store: A `Store`.
        query: String.
        k: Positive integer.
        mask: See `rank_by_vector`.

    Returns:
        A list of at most `k` `Ranked`s, best first.
    """
    limit = k
    while True:
        with store.lock:
            found = search_keywords(store.connection, query, limit)
        kept = [
            Ranked(slot, None, score)
            for slot, score in found
            if mask is None or mask[slot]
        ]
        if len(kept) >= k or len(found) < limit:
            return kept[:k]
        limit *= 4


def rank_by_both(
    store: Store, snapshot: Snapshot, query: str, embedding, k: int, mask=None
) -> list[Ranked]:
    """Fuses both ranks of texts: the sum of `1 / (60 + rank)`.

    Args:
        store, snapshot, query, k, mask: See `rank_by_keyword`.
        embedding: Float32 array of shape `(embedding_dim,)`, of length 1.

    Returns:
        A list of at most `k` `Ranked`s, best first.
    """
    number = max(k, _NUM_FUSED)
    [by_vector] = rank_by_vector(snapshot, embedding[np.newaxis], number, mask)
    by_keyword = rank_by_keyword(store, query, number, mask)
    scores: dict[int, float] = {}
    for ranks in (by_vector, by_keyword):
        for rank, (slot, *_) in enumerate(ranks, start=1):
            scores[slot] = scores.get(slot, 0.0) + 1 / (_RANK_CONSTANT + rank)
    best = sorted(scores, key=lambda slot: (-scores[slot], slot))[:k]
    cosines = np.clip(snapshot.embeddings[best] @ embedding, -1, 1).tolist()
    return [
        Ranked(slot, cosine, scores[slot])
        for slot, cosine in zip(best, cosines, strict=True)
    ]
