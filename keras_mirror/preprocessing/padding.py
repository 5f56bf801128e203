"""Widths that batches are padded to: few, where each is compiled anew."""

import itertools

import keras

try:
    import tensorflow as tf
except ImportError:
    tf = None


def compiles_every_shape():
    """Whether a new shape of a batch takes seconds: with XLA it does."""
    if keras.backend.backend() == "tensorflow":
        return bool(tf.config.list_physical_devices("GPU"))
    return keras.backend.backend() == "jax"


def padded_lengths(sequence_length):
    """The widths that features of at most `sequence_length` tokens get.

    All of them; where every shape is compiled anew, few: about half as much
    again at a time, as long as that saves 4 tokens or more.

    Args:
        sequence_length: Integer.

    Returns:
        A list of integers in rising order; the last is `sequence_length`.

    Example:

    >>> padded_lengths(50)[-1]
    50
    """
    if not compiles_every_shape():
        return list(range(2, sequence_length + 1))
    longest = sequence_length - 4
    shorter = itertools.takewhile(lambda width: width <= longest, _steps(8))
    return [*shorter, sequence_length]


def padded_rows(num_rows, most):
    """How many rows a batch of `num_rows` gets, `most` at most.

    Where every shape is compiled anew, a power of two, so that few differ.

    Args:
        num_rows: Integer.
        most: Integer, at least `num_rows`.

    Returns:
        An integer.

    Example:

    >>> padded_rows(3, most=64) in (3, 4)
    True
    """
    if not compiles_every_shape():
        return num_rows
    return min(most, 1 << (num_rows - 1).bit_length())


def _steps(width):
    while True:  # 8, 12, 16, 24, 32, 48, 64, 96, 128, ...
        yield width
        yield width * 3 // 2
        width *= 2
