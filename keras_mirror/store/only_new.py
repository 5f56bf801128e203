import collections

from keras_mirror.store.batch import Batch
from keras_mirror.store.documents import named
from keras_mirror.store.store import Store


def only_new(store: Store, batch: Batch) -> Batch:
    """The part of a batch that a store does not have yet.

    With ids, texts with existing ids are left out. Without ids, a text is left
    out as many times as the store has it: for a file that grew, only the new
    lines remain.

    Args:
        store: A `Store`.
        batch: A `Batch`.

    Returns:
        A `Batch`.

    Raises:
        ValueError: An existing id has another text.

    Example:

    >>> from keras_mirror.search import Index
    >>> index = Index(model)
    >>> index.add(["a man", "a cat"])
    >>> only_new(index._store, Batch.of(["a man", "a cat", "a cat"])).texts
    ['a cat']
    """
    with store.lock:
        if batch.ids is None:
            places = _new_texts(store, batch.texts)
        else:
            places = _new_ids(store, batch.ids, batch.texts)
    return Batch(
        [batch.texts[place] for place in places],
        batch.ids and [batch.ids[place] for place in places],
        [batch.metadata[place] for place in places],
        [batch.metadata_json[place] for place in places],
    )


def _new_texts(store: Store, texts: list[str]) -> list[int]:
    there = collections.Counter(
        {text: store.documents.count(text) for text in set(texts)}
    )
    places = []
    for place, text in enumerate(texts):
        there[text] -= 1
        if there[text] < 0:
            places.append(place)
    return places


def _new_ids(store: Store, ids: list[str], texts: list[str]) -> list[int]:
    known = store.documents.texts_of_ids(ids)
    other = [
        name
        for name, text in zip(ids, texts, strict=True)
        if known.get(name, text) != text
    ]
    if other:
        raise ValueError(
            "Ids that are in the index must have the same texts. Received: "
            f"different texts for {named(other)}. `upsert` (`index --update`) "
            "replaces them"
        )
    return [place for place, name in enumerate(ids) if name not in known]
