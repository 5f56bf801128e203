import collections

from keras_mirror.store.batch import Batch
from keras_mirror.store.documents import named
from keras_mirror.store.store import Store


def only_new(store: Store, batch: Batch) -> Batch:
    """What of a batch a store does not have yet.

    With ids, those that are there are left out. Without, a text is left out
    as often as it is there: of a file that grew, the new lines are left.

    Args:
        store: A `Store`.
        batch: A `Batch`.

    Returns:
        A `Batch`.

    Raises:
        ValueError: A text of an id that is there is another one.

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
            "The texts of ids that are in the index must be the same. "
            f"Received: others for {named(other)}. Update the index to replace "
            "them"
        )
    return [place for place, name in enumerate(ids) if name not in known]
