"""Measures how far an encoder moved and how dense a corpus is."""

import dataclasses

import numpy as np

from keras_mirror.nearest_rows import nearest_others
from keras_mirror.unit_rows import unit_rows
from keras_mirror.vector_agreement import neighbors_kept

NUM_STRINGS = 2000
NUM_ANCHORS = 500
NEAR_DOUBLE = 0.9


@dataclasses.dataclass(frozen=True)
class Risk:
    """How far an encoder moved, and how dense its corpus is.

    Neither proves anything: an encoder may move for the better, and a guide
    takes care of strings that are close.

    Args:
        neighbors_kept: Float in `[0, 1]`, the share of each string's ten
            nearest strings that are still among its ten nearest, averaged over
            strings.
        near_doubles: Float in `[0, 1]`, the share of strings that have
            another one with a cosine of 0.9 or more, before training.
        similar: Float, the mean number of strings per batch that the guide
            excludes from a string's negatives; `None` without a guide.

    Example:

    >>> rows = np.eye(12, dtype="float32")
    >>> measure_risk(rows, rows).neighbors_kept
    1.0
    """

    neighbors_kept: float
    near_doubles: float
    similar: float | None = None


def measure_risk(before, after, similar: float | None = None) -> Risk:
    """Compares the neighbors of the same strings in two encoders.

    Args:
        before: Array of shape `(num_strings, embedding_dim)`.
        after: Array of shape `(num_strings, other_embedding_dim)`.
        similar: Float, see `Risk`. Defaults to `None`.

    Returns:
        A `Risk`.
    """
    before, after = unit_rows(before), unit_rows(after)
    cosines, _ = nearest_others(before, 1, NUM_ANCHORS)
    doubles = np.mean(cosines >= NEAR_DOUBLE)
    kept = neighbors_kept(before, after, NUM_ANCHORS)
    return Risk(kept, float(doubles), similar)
