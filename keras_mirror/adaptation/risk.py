"""What says how far an encoder moved and how dense a corpus is: no proof."""

import dataclasses

import numpy as np

from keras_mirror.nearest_rows import nearest_others
from keras_mirror.unit_rows import unit_rows

NUM_STRINGS = 2000
NUM_ANCHORS = 500
NUM_NEIGHBORS = 10
NEAR_DOUBLE = 0.9


@dataclasses.dataclass(frozen=True)
class Risk:
    """How far an encoder moved, and how dense its corpus is.

    Neither is proof of anything: an encoder may move for the better, and a
    guide takes care of strings that are close.

    Args:
        neighbors_kept: Float in `[0, 1]`, the share of the ten nearest
            strings of a string that stayed among the ten, in the mean.
        near_doubles: Float in `[0, 1]`, the share of strings that have
            another one with a cosine of 0.9 or more, before training.
        similar: Float, the mean number of strings of a batch that the guide
            holds to be no negatives of a string; `None` without a guide.

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
    k = min(NUM_NEIGHBORS, len(before) - 1)
    cosines, old = nearest_others(before, k, NUM_ANCHORS)
    _, new = nearest_others(after, k, NUM_ANCHORS)
    kept = [
        len({*one} & {*two}) / k
        for one, two in zip(old.tolist(), new.tolist(), strict=True)
    ]
    doubles = np.mean(cosines[:, 0] >= NEAR_DOUBLE)
    return Risk(float(np.mean(kept)), float(doubles), similar)
