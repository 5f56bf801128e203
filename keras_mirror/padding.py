"""Widths that batches are padded to: few, because each is compiled anew."""

import itertools


def padded_lengths(sequence_length):
    """The widths that features of at most `sequence_length` tokens get.

    About half as much again at a time, as long as that saves 4 tokens or more.

    Args:
        sequence_length: Integer.

    Returns:
        A list of integers in rising order; the last is `sequence_length`.

    Example:

    >>> padded_lengths(50)
    [8, 12, 16, 24, 32, 50]
    """
    longest = sequence_length - 4
    shorter = itertools.takewhile(lambda width: width <= longest, _steps(8))
    return [*shorter, sequence_length]


def _steps(width):
    while True:  # 8, 12, 16, 24, 32, 48, 64, 96, 128, ...
        yield width
        yield width * 3 // 2
        width *= 2
