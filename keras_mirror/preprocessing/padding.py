"""Widths that batches are padded to; only a few if each is compiled."""

import itertools
from collections.abc import Iterator

import keras

from keras_mirror.optional_tensorflow import has_gpu
from keras_mirror.optional_tensorflow import tf

_NUM_PREFETCHED = 2
_SHORTEST = 2  # start and end


def compiles_every_shape() -> bool:
    """Whether XLA compiles every new shape of a batch, which takes seconds."""
    if keras.backend.backend() == "tensorflow":
        return has_gpu()
    return keras.backend.backend() == "jax"


def padded_lengths(sequence_length: int) -> list[int]:
    """The widths that features of at most `sequence_length` tokens get.

    Every width up to `sequence_length`; under XLA a short ladder that grows
    by about half, as long as a step saves 4 tokens or more, so that few
    shapes are compiled.

    Returns:
        A list of integers in rising order; the last is `sequence_length`.

    Example:

    >>> padded_lengths(50)[-1]
    50
    """
    if not compiles_every_shape():
        return list(range(_SHORTEST, sequence_length + 1))
    longest = sequence_length - 4
    shorter = itertools.takewhile(lambda width: width <= longest, _steps(8))
    return [*shorter, sequence_length]


def padded_rows(num_rows: int, most: int) -> int:
    """How many rows a batch of `num_rows` gets, `most` at most.

    Under XLA it is the next power of two, so that few shapes are compiled.

    Example:

    >>> padded_rows(3, most=64) in (3, 4)
    True
    """
    if not compiles_every_shape():
        return num_rows
    return min(most, 1 << (num_rows - 1).bit_length())


def as_dataset(batches):
    """Makes a `tf.data.Dataset` for `fit`; `batches` itself on other backends.

    For a `PyDataset`, Keras 3.15 takes shapes from two batches, and TensorFlow
    then refuses wider ones.

    Args:
        batches: A `keras.utils.PyDataset` of batches that differ in width.
    """
    if tf is None:
        return batches
    signature = tf.nest.map_structure(
        lambda array: tf.TensorSpec([None] * array.ndim, array.dtype),
        batches[0],
    )
    dataset = tf.data.Dataset.from_generator(
        lambda: map(batches.__getitem__, range(len(batches))),
        output_signature=signature,
    )
    cardinality = tf.data.experimental.assert_cardinality(len(batches))
    return dataset.apply(cardinality).prefetch(_NUM_PREFETCHED)


def _steps(width: int) -> Iterator[int]:
    while True:  # 8, 12, 16, 24, 32, 48, 64, 96, 128, ...
        yield width
        yield width * 3 // 2
        width *= 2
