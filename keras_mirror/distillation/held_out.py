"""Texts that no student is trained on, and the quality measured on them."""

import dataclasses

import numpy as np

from keras_mirror.distillation.vector_shards import VectorShards
from keras_mirror.unit_rows import unit_rows
from keras_mirror.vector_agreement import cosine_correlation
from keras_mirror.vector_agreement import neighbors_kept

NUM_TEXTS = 2000
EVERY = 20  # one text in this many is held out of a smaller corpus
SMALLEST = 2 * EVERY


@dataclasses.dataclass(frozen=True)
class Reached:
    """How close a student comes to its teacher on held-out texts.

    Args:
        neighbors: Float in `[0, 1]`, the share of a text's ten nearest in the
            teacher that are its ten nearest in the student.
        correlation: Float in `[-1, 1]`, Pearson's, of the cosines of all pairs
            of texts in the student with those in the teacher.
        cosine: Float, the mean cosine of a text's two vectors, or `None` if
            they are in different spaces.
        num_texts: Integer, the number of held-out texts.

    Example:

    >>> print(Reached(0.61, 0.93, None, 2000))
    61.0% of the ten nearest of 2,000 held-out texts, cosines correlate by 0.930
    """

    neighbors: float
    correlation: float
    cosine: float | None
    num_texts: int

    def __str__(self) -> str:
        words = (
            f"{self.neighbors:.1%} of the ten nearest of {self.num_texts:,} "
            f"held-out texts, cosines correlate by {self.correlation:.3f}"
        )
        if self.cosine is None:
            return words
        return (
            f"{words}, a text's two vectors have a cosine of {self.cosine:.3f}"
        )


def held_out_rows(size: int, num_shards: int) -> np.ndarray:
    """The rows of a shard that are held out, evenly spread.

    All shards of the same size hold out the same number of rows, so that all
    epochs have the same number of batches.

    Args:
        size: Integer, the number of texts in the shard. num_shards: Integer,
            the number of all shards.

    Returns:
        An integer array.

    Example:

    >>> held_out_rows(100, num_shards=1).tolist()
    [0, 20, 40, 60, 80]
    """
    number = min(-(-NUM_TEXTS // num_shards), size // EVERY)
    return np.arange(number) * size // max(number, 1)


def held_out(shards: VectorShards) -> tuple[list[str], np.ndarray]:
    """The texts that are held out, and the teacher's vectors of them."""
    texts: list[str] = []
    vectors = []
    for number, size in enumerate(shards.sizes):
        of_shard, rows_of_shard = shards.read(number)
        rows = held_out_rows(size, len(shards.sizes))
        texts += [of_shard[row] for row in rows]
        vectors.append(rows_of_shard[rows].astype("float32"))
    return texts, np.concatenate(vectors)


def measure(ours, theirs) -> Reached:
    """Compares a student's vectors of texts with its teacher's.

    Args:
        ours: Array of shape `(num_texts, embedding_dim)`.
        theirs: Array of shape `(num_texts, teacher_dim)`.

    Returns:
        A `Reached`.

    Example:

    >>> rows = np.random.default_rng(0).normal(size=(20, 4))
    >>> reached = measure(2 * rows, rows)
    >>> round(reached.cosine, 3), reached.neighbors
    (1.0, 1.0)
    """
    ours, theirs = unit_rows(ours), unit_rows(theirs)
    cosine = None
    if ours.shape == theirs.shape:
        cosine = float(np.mean(np.sum(ours * theirs, axis=1)))
    return Reached(
        neighbors_kept(theirs, ours),
        cosine_correlation(theirs, ours),
        cosine,
        len(ours),
    )
