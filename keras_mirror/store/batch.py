"""Texts on their way into an index, with their ids and metadata."""

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

import numpy as np

from keras_mirror.arguments import is_integer
from keras_mirror.data import as_strings
from keras_mirror.store.documents import Document
from keras_mirror.store.documents import named
from keras_mirror.store.metadata import column_types
from keras_mirror.store.metadata import metadata_json
from keras_mirror.store.store import Store


class Batch(NamedTuple):
    """Texts to put into an index.

    Args:
        texts: List of strings.
        ids: List of different strings; `None` makes them from rows.
        metadata: List of dicts, or of `None`.
        metadata_json: List of strings, the same as JSON.
    """

    texts: list[str]
    ids: list[str] | None
    metadata: list[Mapping[str, Any] | None]
    metadata_json: list[str]

    @classmethod
    def of(cls, texts, ids=None, metadata=None) -> "Batch":
        """Checks the arguments of `Index.add` and makes a batch."""
        texts = as_strings(texts)
        if ids is not None:
            ids = _checked_ids(ids, len(texts))
        metadata = [None] * len(texts) if metadata is None else list(metadata)
        if len(metadata) != len(texts):
            raise ValueError(
                f"`metadata` must have one dict for each of {len(texts)} "
                f"texts. Received: {len(metadata)}"
            )
        return cls(texts, ids, metadata, list(map(metadata_json, metadata)))


def check_new(store: Store, batch: Batch) -> None:
    """Raises a `ValueError` if the store has an id of the batch already."""
    known = store.documents.known_ids(batch.ids or [])
    if known:
        there = [each for each in batch.ids or [] if each in known]
        raise ValueError(
            "`ids` must be new: `upsert` replaces texts. Received: "
            f"{named(there)}, which are in the index already"
        )


def put(
    store: Store, batch: Batch, vectors: Mapping[str, Any], replace: bool
) -> None:
    """Writes a batch into a store, in `Store.change`.

    Args:
        store: A `Store`.
        batch: A `Batch`.
        vectors: Mapping of texts to unit embeddings: of all texts that the
            store does not have yet.
        replace: Boolean, whether ids may exist already.

    Raises:
        ValueError: Ids exist already, and `replace` is `False`.
    """
    settings, documents = store.settings, store.documents
    first = settings.next_row
    ids = batch.ids or [str(first + n) for n in range(1, 1 + len(batch.texts))]
    if not replace:
        check_new(store, batch._replace(ids=ids))
    slots = _put_texts(store, batch.texts, vectors)
    known = documents.known_ids(ids) if replace else set()
    columns = list(zip(ids, batch.texts, batch.metadata_json, strict=True))
    replaced = [each for each in columns if each[0] in known]
    added = (each for each in columns if each[0] not in known)
    number = len(columns) - len(replaced)
    documents.add(
        (Document(row, *each) for row, each in enumerate(added, start=first)),
        slots,
    )
    # Last, since it drops texts that no document has any more.
    documents.replace(replaced, slots)
    settings.next_row += number
    settings.num_documents += number
    settings.columns = column_types(settings.columns, batch.metadata)


def remove(store: Store, ids: Iterable[str]) -> None:
    """Removes texts from a store.

    Raises:
        ValueError: An id does not exist; then nothing is removed.
    """
    ids = list(dict.fromkeys(ids))
    with store.change() as settings:
        known = store.documents.known_ids(ids)
        if len(known) < len(ids):
            missing = [each for each in ids if each not in known]
            raise ValueError(
                f"`ids` must exist in the index. Received: {named(missing)}"
            )
        store.documents.remove(ids)
        settings.num_documents -= len(ids)


def _put_texts(
    store: Store, texts: list[str], vectors: Mapping[str, Any]
) -> dict[str, int]:
    """Writes missing texts; returns the slots of all texts."""
    slots = store.documents.slots_of_texts(texts)
    new = [text for text in dict.fromkeys(texts) if text not in slots]
    rows = [vectors[text] for text in new if text.strip()]
    start = store.settings.num_vectors
    if rows:
        start = store.write_vectors(np.stack(rows))
    return slots | store.documents.add_texts(new, start)


def _checked_ids(ids: Iterable, number: int) -> list[str]:
    if isinstance(ids, str):
        ids = [ids]
    ids = [str(each) if is_integer(each) else each for each in ids]
    names = as_strings(ids)
    if len(names) != number:
        raise ValueError(
            f"`ids` must be as many as the texts, {number}. "
            f"Received: {len(names)}"
        )
    if not all(names):
        raise ValueError("`ids` must not be empty. Received: ''")
    if len(set(names)) < number:
        again = [each for each in set(names) if names.count(each) > 1][:1]
        raise ValueError(
            f"`ids` must be different. Received: {named(again)} twice"
        )
    return names
