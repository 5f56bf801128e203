"""Makes batches of texts of similar length, with little padding."""

from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np

# The padding that costs as much as one more call of the encoder: for MiniLM on
# a CPU 46 tokens on TensorFlow, 110 on PyTorch.
CALL_TOKENS = 64


def distinct_rows(token_ids: list[list[int]]) -> tuple[list, list[int]]:
    """Finds the different rows, and the place of each row among them.

    Example:

    >>> distinct_rows([[7, 8], [9], [7, 8]])
    ([(7, 8), (9,)], [0, 1, 0])
    """
    index: dict[tuple[int, ...], int] = {}
    row_of_texts = [
        index.setdefault(tuple(ids), len(index)) for ids in token_ids
    ]
    return list(index), row_of_texts


def similar_lengths(
    lengths: Sequence[int], widths: list[int], most_tokens: int
) -> Iterator[tuple]:
    """Splits texts into batches of equal width and about the same size.

    Args:
        lengths: Integers, the tokens of every text.
        widths: List of integers in rising order, the widths that batches may
            have. The last one holds every text.
        most_tokens: Integer, the tokens of a batch, padding included.

    Yields:
        Tuples of an integer array, the texts of a batch, and its width.

    Example:

    >>> [(rows.tolist(), w) for rows, w in similar_lengths([90, 2], [2, 99], 9)]
    [([1], 2), ([0], 99)]
    """
    width_of_texts = _joined(np.searchsorted(widths, lengths), widths)
    for index, width in enumerate(widths):
        texts = np.flatnonzero(width_of_texts == index)
        most = max(1, most_tokens // width)
        for start in range(0, len(texts), most):
            yield texts[start : start + most], width


def sorted_batches(lengths: Sequence[int], most_tokens: int) -> Iterator[tuple]:
    """Splits texts, the shortest first, into batches as wide as their longest.

    Use it if any width is free: batches are fewer and fuller than those of
    `similar_lengths`.

    Args:
        lengths: Integers, the tokens of every text.
        most_tokens: Integer, the tokens of a batch, padding included.

    Yields:
        Tuples of an integer array, the texts of a batch, and its width, which
        is 1 for texts without tokens.

    Example:

    >>> [(rows.tolist(), w) for rows, w in sorted_batches([90, 3, 2], 9)]
    [([2, 1], 3), ([0], 90)]
    """
    order = np.argsort(lengths, kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        is_last = end == len(order)
        if is_last or (end + 1 - start) * lengths[order[end]] > most_tokens:
            width = max(1, int(lengths[order[end - 1]]))
            yield order[start:end], width
            start = end


def _joined(width_of_texts, widths: list[int]):
    """Merges few texts of one width into a wider one if that saves time."""
    counts = np.bincount(width_of_texts, minlength=len(widths))
    joined, wider = np.arange(len(widths)), None
    for index in np.flatnonzero(counts)[::-1]:
        if wider is not None:
            padding = counts[index] * (widths[wider] - widths[index])
            if padding <= CALL_TOKENS:
                joined[index] = wider
                continue
        wider = index
    return joined[width_of_texts]
