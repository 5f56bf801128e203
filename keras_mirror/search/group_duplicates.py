from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from keras_mirror.search.encoded_texts import EncodedTexts
from keras_mirror.search.find_duplicates import checked_threshold
from keras_mirror.search.find_duplicates import similar_pairs
from keras_mirror.search.unit_embeddings import OnProgress

_DECIMALS = 6  # the precision of float32
_TIE = 1e-6


class DuplicateGroup(NamedTuple):
    """Texts that mean nearly the same, and their representative.

    Args:
        rows: Integer array, the places of the texts, from 0: first that of
            the representative, then the others in their order.
        similarities: Float array, their cosines with the representative, of
            six decimals.

    Example:

    >>> [group] = group_duplicates(model, ["a man", "a man"], 0.999)
    >>> representative, *others = group.rows.tolist()
    >>> representative, others
    (0, [1])
    """

    rows: np.ndarray
    similarities: np.ndarray


def group_duplicates(
    model,
    texts,
    threshold: float | None = None,
    batch_size: int | None = None,
    on_progress: OnProgress = None,
    prompt: str | None = None,
) -> list[DuplicateGroup]:
    """Groups texts that mean nearly the same.

    Two texts are in one group if pairs with at least the threshold connect
    them, directly or through other texts, so the ends of a long chain may
    differ. `similarities` shows how near a text is to its representative. All
    pairs count: no limit cuts groups.

    The representative is the text that is on average most similar to the
    others, of equally good ones the longest, and then the first.

    Args:
        model: A `MirrorModel`.
        texts: A list or array of strings, or an `Index` of this model, whose
            embeddings are used.
        threshold: Float, the smallest cosine of a pair. Defaults to `None`:
            that of `propose_threshold`, because each encoder and each corpus
            has its own cosines.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `None`.
        on_progress: Function of the number of texts just encoded; equal texts
            count once. Defaults to `None`.
        prompt: String, see `MirrorModel.encode_text`. Defaults to `None`.

    Returns:
        A list of `DuplicateGroup`s of two texts or more, largest first; in a
        tie, the one with the lowest row first. Texts without duplicates and
        texts of white space only are in no group.

    Raises:
        TypeError: An element is not a string.
        ValueError: `threshold` is out of range, or the model gives NaN.

    Example:

    >>> texts = ["a man", "two dogs run", "a man", " "]
    >>> [each.rows.tolist() for each in group_duplicates(model, texts, 0.999)]
    [[0, 2]]
    """
    encoded = EncodedTexts.of(model, texts, batch_size, on_progress, prompt)
    return group_encoded_duplicates(encoded, threshold)


def group_encoded_duplicates(
    encoded: EncodedTexts, threshold: float | None = 0.9
) -> list[DuplicateGroup]:
    """Does `group_duplicates` for `EncodedTexts`.

    Args:
        encoded: An `EncodedTexts`.
        threshold: See `group_duplicates`.

    Returns:
        As `group_duplicates`.
    """
    threshold = checked_threshold(threshold, encoded)
    labels = _connected(encoded.embeddings, threshold)
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    members = np.split(order, starts[1:]) if len(order) else []
    groups = [
        _group(numbers, encoded)
        for numbers in members
        if len(numbers) > 1 or len(encoded.distinct.rows[numbers[0]]) > 1
    ]
    return sorted(groups, key=lambda each: (-len(each.rows), min(each.rows)))


def kept_rows(
    encoded: EncodedTexts, groups: Iterable[DuplicateGroup]
) -> list[int]:
    """The rows that remain if each group is reduced to its representative.

    Args:
        encoded: The `EncodedTexts` of the groups.
        groups: Iterable of `DuplicateGroup`s.

    Returns:
        A list of integers, in order, without texts of white space only.
    """
    is_kept = np.array([bool(text.strip()) for text in encoded.texts], bool)
    for group in groups:
        is_kept[group.rows[1:]] = False
    return np.flatnonzero(is_kept).tolist()


def _connected(embeddings, threshold: float):
    """Labels of rows; rows that pairs connect have the same label."""
    labels = np.arange(len(embeddings))
    waiting: list[tuple] = []
    num_waiting = 0
    for _, first, second in similar_pairs(embeddings, threshold):
        waiting.append((first, second))
        num_waiting += len(first)
        # Joining reads all labels, which is efficient for many pairs at a time.
        if num_waiting > len(labels):
            _join(labels, waiting)
            waiting, num_waiting = [], 0
    if waiting:
        _join(labels, waiting)
    return labels


def _join(labels, pairs: list[tuple]) -> None:
    """Gives connected rows the label of the lowest, in place."""
    first, second = map(np.concatenate, zip(*pairs, strict=True))
    while len(first):
        first, second = labels[first], labels[second]
        lower, higher = np.minimum(first, second), np.maximum(first, second)
        np.minimum.at(labels, higher, lower)
        while (labels != labels[labels]).any():
            labels[:] = labels[labels]
        apart = labels[first] != labels[second]
        first, second = first[apart], second[apart]


def _group(numbers, encoded: EncodedTexts) -> DuplicateGroup:
    every_row = [encoded.distinct.rows[number] for number in numbers]
    embeddings = encoded.embeddings[numbers].astype("float64")
    counts = np.array([len(rows) for rows in every_row])
    # The sums of cosines have the same order as their averages.
    averages = embeddings @ (counts @ embeddings) / counts.sum()
    candidates = np.flatnonzero(averages >= averages.max() - _TIE)
    best = min(
        candidates,
        key=lambda place: (
            -len(encoded.texts[every_row[place][0]]),
            every_row[place][0],
        ),
    )
    cosines = np.clip(np.round(embeddings @ embeddings[best], _DECIMALS), -1, 1)
    cosines[best] = 1.0
    rows = np.concatenate([np.asarray(rows, int) for rows in every_row])
    first = every_row[best][0]
    order = np.lexsort((rows, rows != first))
    return DuplicateGroup(rows[order], np.repeat(cosines, counts)[order])
