"""Widths that batches are padded to: few, because each is compiled anew."""

import itertools


def padded_lengths(sequence_length):
    """The widths that features of at most `sequence_length` tokens get.

    Every multiple of 8 up to 32, where most sentences are, then half as much
    again at a time, as long as that saves 8 tokens or more.

    Args:
        sequence_length: Integer.

    Returns:
        A list of integers in rising order; the last is `sequence_length`.

    Example:

    >>> padded_lengths(50)
    [8, 16, 24, 32, 50]
    """
    widths = itertools.chain([8, 16, 24], _steps(32))
    longest = sequence_length - 8
    shorter = itertools.takewhile(lambda width: width <= longest, widths)
    return [*shorter, sequence_length]


def _steps(width):
    while True:  # 32, 48, 64, 96, 128, 192, ...
        yield width
        yield width * 3 // 2
        width *= 2
