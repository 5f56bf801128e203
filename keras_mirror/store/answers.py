import json

import numpy as np

from keras_mirror.store import MODES
from keras_mirror.store.database import database_errors
from keras_mirror.store.index_errors import index_errors
from keras_mirror.store.ranking import Ranked
from keras_mirror.store.ranking import rank_by_both
from keras_mirror.store.ranking import rank_by_keyword
from keras_mirror.store.ranking import rank_by_vector
from keras_mirror.store.search_result import SearchResult
from keras_mirror.store.store import Snapshot
from keras_mirror.store.store import Store
from keras_mirror.store.where import Condition
from keras_mirror.store.where import parse_where


def find_answers(
    store: Store,
    queries: list[str],
    embeddings,
    k: int,
    where: str | None = None,
    mode: str = "vector",
) -> list[list[SearchResult]]:
    """Finds the documents of a store that answer each query best.

    Args:
        store: A `Store`.
        queries: List of strings; ignored if `mode` is `"vector"`.
        embeddings: Float32 unit embeddings of the queries, of shape
            `(num_queries, embedding_dim)`; `None` if `mode` is `"keyword"`.
        k, where, mode: See `Index.query`.

    Returns:
        A list with a list of `SearchResult`s for every query.

    Raises:
        ValueError: `where` is not a condition.
    """
    while True:
        with database_errors(store.name, store.connection):
            snapshot = store.snapshot()
            answers = _answers(
                store, snapshot, queries, embeddings, k, where, mode
            )
            # Otherwise texts were removed during the search.
            if store.refresh() == snapshot.version:
                return answers


def check_mode(mode: str) -> None:
    """Raises a `ValueError` unless `mode` is one of `MODES`."""
    if mode not in MODES:
        raise ValueError(
            f"`mode` must be one of {', '.join(map(repr, MODES))}. "
            f"Received: {mode!r}"
        )


def _answers(
    store: Store,
    snapshot: Snapshot,
    queries: list[str],
    embeddings,
    k: int,
    where: str | None,
    mode: str,
) -> list[list[SearchResult]]:
    condition = None
    if where is not None:
        condition = parse_where(where, store.settings.columns)
    mask = _mask(store, snapshot, condition)
    with index_errors(store.name):
        if mode == "vector":
            ranks = rank_by_vector(snapshot, embeddings, k, mask)
        elif mode == "keyword":
            ranks = [rank_by_keyword(store, each, k, mask) for each in queries]
        else:
            ranks = [
                rank_by_both(store, snapshot, query, embedding, k, mask)
                for query, embedding in zip(queries, embeddings, strict=True)
            ]
    return [_results(store, each, k, condition) for each in ranks]


def _mask(store: Store, snapshot: Snapshot, condition: Condition | None):
    if condition is None:
        return snapshot.mask
    mask = np.zeros(len(snapshot.embeddings), bool)
    with store.lock:
        slots = store.documents.slots(condition)
    # Slots of texts that were added since are ignored.
    mask[[slot for slot in slots if slot < len(mask)]] = True
    return mask


def _results(
    store: Store, ranked: list[Ranked], k: int, condition: Condition | None
) -> list[SearchResult]:
    results: list[SearchResult] = []
    for slot, similarity, score in ranked:
        with store.lock:
            documents = store.documents.of_slot(
                slot, k - len(results), condition
            )
        results += [
            SearchResult(
                each.text,
                similarity,
                each.row,
                each.id,
                json.loads(each.metadata),
                score,
            )
            for each in documents
        ]
        if len(results) == k:
            break
    return results
