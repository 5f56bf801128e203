import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from keras_mirror.arguments import check_cosine
from keras_mirror.arguments import check_integer
from keras_mirror.search.encoded_texts import EncodedTexts
from keras_mirror.search.propose_threshold import propose_threshold
from keras_mirror.search.unit_embeddings import OnProgress

# Similarities in memory at a time: 32 MB.
_NUM_SIMILARITIES = 2**23
_DECIMALS = 6  # the precision of float32


class DuplicatePair(NamedTuple):
    """Two texts that mean nearly the same.

    Args:
        similarity: Float, their cosine.
        row_1: Integer, the place of the first text, from 0.
        row_2: Integer, the place of the second one, always larger.

    Example:

    >>> texts = ["a man", "two dogs run", "a man"]
    >>> [pair] = find_duplicates(model, texts, threshold=0.999)
    >>> pair.row_1, pair.row_2
    (0, 2)
    """

    similarity: float
    row_1: int
    row_2: int


def find_duplicates(
    model,
    texts,
    threshold: float | None = None,
    limit: int = 100_000,
    batch_size: int | None = None,
    on_progress: OnProgress = None,
    prompt: str | None = None,
) -> list[DuplicatePair]:
    """Finds all pairs of texts that mean nearly the same.

    Every text is compared with every other; memory holds one block of cosines
    at a time. Texts of white space only are left out.

    Args:
        model: A `MirrorModel`.
        texts: A list or array of strings, or an `Index` of this model, whose
            embeddings are used.
        threshold: Float, the smallest cosine of a pair. Defaults to `None`:
            that of `propose_threshold`, because each encoder and each corpus
            has its own cosines.
        limit: Positive integer, the maximum number of pairs; the best ones are
            kept. Defaults to `100_000`.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `None`.
        on_progress: Function of the number of texts just encoded; equal texts
            count once. Defaults to `None`.
        prompt: String, see `MirrorModel.encode_text`. Defaults to `None`.

    Returns:
        A list of `DuplicatePair`s, most similar first; in a tie, the pair with
        the lower rows first. Cosines have six decimals.

    Raises:
        TypeError: An element is not a string.
        ValueError: `threshold` or `limit` is out of range, or the model gives
            NaN.

    Example:

    >>> find_duplicates(model, ["a man", "two dogs run", "a man"], 0.999)
    [DuplicatePair(similarity=1.0, row_1=0, row_2=2)]
    """
    encoded = EncodedTexts.of(model, texts, batch_size, on_progress, prompt)
    return find_encoded_duplicates(encoded, threshold, limit)


def find_encoded_duplicates(
    encoded: EncodedTexts,
    threshold: float | None = None,
    limit: int = 100_000,
) -> list[DuplicatePair]:
    """Does `find_duplicates` for `EncodedTexts`.

    Args:
        encoded: An `EncodedTexts`.
        threshold, limit: See `find_duplicates`.

    Returns:
        As `find_duplicates`.
    """
    limit = check_integer("limit", limit)
    threshold = checked_threshold(threshold, encoded)
    rows, numbers = encoded.distinct.numbered_rows()
    pairs = _best_pairs(encoded.embeddings[numbers], threshold, limit)
    return [
        DuplicatePair(float(cosine), int(rows[first]), int(rows[second]))
        for cosine, first, second in zip(*pairs, strict=True)
    ]


def checked_threshold(threshold: float | None, encoded: EncodedTexts) -> float:
    """Checks a threshold; `None` becomes that of `propose_threshold`.

    Raises:
        ValueError: It is not a cosine.
    """
    if threshold is None:
        return propose_threshold(encoded.embeddings)
    check_cosine("threshold", threshold)
    return threshold


def _best_pairs(embeddings, threshold: float, limit: int) -> list:
    """Cosines, first and second places of pairs, in the order of the result.

    Blocks come in the order of first places, so a stable sort keeps equally
    similar pairs in this order.
    """
    kept: list[list] = []
    num_kept, num_found, least = 0, 0, -np.inf
    for block in similar_pairs(embeddings, threshold):
        num_found += len(block[0])
        kept.append([column[block[0] > least] for column in block])
        num_kept += len(kept[-1][0])
        if num_kept > 2 * limit:
            kept = [_best(kept, limit)]
            num_kept, least = limit, kept[0][0][-1]
    if num_found > limit:
        warnings.warn(
            f"{num_found} pairs have a cosine of at least {threshold}; the "
            f"best {limit} of them are kept",
            stacklevel=3,
        )
    return _best(kept, limit)


def _best(parts: list[list], limit: int) -> list:
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    columns = columns or [np.empty(0)] * 3
    order = np.argsort(-columns[0], kind="stable")[:limit]
    return [column[order] for column in columns]


def similar_pairs(embeddings, threshold: float) -> Iterator[tuple]:
    """Finds the pairs of rows of at least a cosine, some at a time.

    Args:
        embeddings: Float32 array of shape `(n, embedding_dim)`, rows of length
            1.
        threshold: Float.

    Yields:
        Tuples of arrays: cosines, first and second places. First places are in
        rising order.
    """
    threshold = round(threshold, _DECIMALS)
    num_rows = max(1, _NUM_SIMILARITIES // max(1, len(embeddings)))
    for start in range(0, len(embeddings), num_rows):
        cosines = embeddings[start : start + num_rows] @ embeddings[start:].T
        first, second = np.nonzero(cosines >= threshold - 10.0**-_DECIMALS)
        later = second > first
        first, second = first[later], second[later]
        cosines = np.round(cosines[first, second].astype("float64"), _DECIMALS)
        kept = cosines >= threshold
        cosines = np.clip(cosines[kept], -1.0, 1.0)
        yield cosines, first[kept] + start, second[kept] + start
