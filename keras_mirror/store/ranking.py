"""Ranks the texts of a store for a query: by meaning, by words, by both."""

from typing import NamedTuple

import numpy as np

from keras_mirror.nearest_rows import largest
from keras_mirror.store.keywords import search_keywords
from keras_mirror.store.store import Snapshot
from keras_mirror.store.store import Store
from keras_mirror.store.vector_search import nearest

# How many texts of each list are reranked, and the weight of the cosine. Chosen
# on STS-B dev and on two other development sets, where 0.7 and 0.8 do not
# differ.
_NUM_CANDIDATES = 100
_COSINE_WEIGHT = 0.8


class Ranked(NamedTuple):
    """A text that was found.

    Args:
        slot: Integer.
        similarity: Float, its cosine with the query, or `None`.
        score: Float, the score of the ranking.
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
    found = nearest(embeddings, snapshot.embeddings, k, snapshot.signs, mask)
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
    """The texts that share the most informative words with a query.

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
    """Reranks the best texts of both kinds by cosine and spelling.

    The score is a weighted mean of the cosine and of the BM25 of trigrams,
    each as standard deviations from the mean of all candidates.

    Args:
        store, snapshot, query, k, mask: See `rank_by_keyword`.
        embedding: Float32 array of shape `(embedding_dim,)`, of length 1.

    Returns:
        A list of at most `k` `Ranked`s, best first.
    """
    number = max(k, _NUM_CANDIDATES)
    [by_vector] = rank_by_vector(snapshot, embedding[np.newaxis], number, mask)
    by_keyword = rank_by_keyword(store, query, number, mask)
    slots = sorted({each.slot for each in (*by_vector, *by_keyword)})
    if not slots:
        return []
    cosines = snapshot.embeddings[slots] @ embedding
    with store.lock:
        texts = store.documents.texts_of_slots(slots)
        trigrams = store.trigram_scores().of(query, texts)
    scores = _COSINE_WEIGHT * _standard(cosines)
    scores += (1 - _COSINE_WEIGHT) * _standard(np.array(trigrams))
    best = largest(scores, min(k, len(slots)))
    return [
        Ranked(slots[place], float(np.clip(cosines[place], -1, 1)), score)
        for place, score in zip(best, scores[best].tolist(), strict=True)
    ]


def _standard(values):
    deviation = values.std()
    return (values - values.mean()) / deviation if deviation else 0 * values
