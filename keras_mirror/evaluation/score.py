import functools
import zlib
from collections.abc import Callable
from collections.abc import Sequence

import numpy as np

NUM_RESAMPLES = 1000
LEVEL = 0.95
SMALLEST = 0.001  # smallest relevant difference: a tenth of a point
CHUNK = 2**24  # weights at a time: 128 MB


class Score:
    """A score with its bootstrap distribution over test items.

    Args:
        value: Float, or `None` where it is undefined, such as a correlation
            with a constant.
        resamples: Floats of shape `(num_resamples,)`, the same number of
            bootstrap samples of the items, or a function that gives them when
            they are needed. Scores of several models on the same items have
            the same samples, so that they can be compared.

    Example:

    >>> score = Score(0.5, np.linspace(0.4, 0.6, 201))
    >>> score.interval
    (0.405, 0.595)
    """

    def __init__(self, value: float | None, resamples) -> None:
        self.value = value
        self._resamples = resamples

    @functools.cached_property
    def resamples(self):
        """Floats of shape `(num_resamples,)`."""
        is_function = callable(self._resamples)
        return self._resamples() if is_function else self._resamples

    @functools.cached_property
    def interval(self) -> tuple[float, float] | None:
        """The bootstrap 95% interval `(low, high)`, or `None`."""
        return self.limits(LEVEL)

    def limits(self, level: float) -> tuple[float, float] | None:
        """The bootstrap interval of a level in `(0, 1)`, or `None`."""
        if self.value is None:
            return None
        defined = self.resamples[np.isfinite(self.resamples)]
        if not len(defined):
            return None
        tail = (1 - level) / 2
        low, high = np.quantile(defined, [tail, 1 - tail])
        return round(float(low), 12), round(float(high), 12)

    def __sub__(self, other: "Score") -> "Score":
        """The difference of two models on the same items, paired."""
        difference = None
        if self.value is not None and other.value is not None:
            difference = self.value - other.value
        return Score(difference, lambda: self.resamples - other.resamples)


def estimate(
    statistic: Callable,
    num_items: int,
    name: str = "",
    seed: int = 0,
    num_resamples: int | None = None,
) -> Score:
    """The value of a statistic with its bootstrap samples.

    Reference:
        - [Efron, 1979](https://doi.org/10.1214/aos/1176344552)

    Args:
        statistic: See `keras_mirror.evaluation.statistics`.
        num_items: Integer, the number of its observations.
        name: String. Items of another name are drawn independently.
        seed: Integer.
        num_resamples: Integer. Defaults to `None`: 1000.

    Returns:
        A `Score`.

    Example:

    >>> from keras_mirror.evaluation.statistics import Mean
    >>> estimate(Mean([0.0, 1.0]), 2).value
    0.5
    """
    value = float(statistic(np.ones((1, num_items)))[0])

    def resample():
        generator = np.random.default_rng((seed, zlib.crc32(name.encode())))
        resamples = np.empty(num_resamples or NUM_RESAMPLES)
        step = max(1, CHUNK // num_items)
        for start in range(0, len(resamples), step):
            count = min(step, len(resamples) - start)
            weights = _sample_counts(generator, count, num_items)
            resamples[start : start + count] = statistic(weights)
        return resamples

    return Score(value if np.isfinite(value) else None, resample)


def is_higher(score: Score, other: Score, num_scores: int = 1) -> bool:
    """Whether one score is significantly higher than another.

    That is, the paired 95% interval of their difference is above zero. The
    interval is widened for the number of compared scores (Bonferroni), since
    among many one is higher by chance. A difference below a tenth of a point
    never counts.

    Args:
        score: A `Score`.
        other: A `Score` of the same items.
        num_scores: Integer, the number of compared scores. Defaults to `1`.

    Returns:
        A boolean; `False` where a score is undefined.

    Example:

    >>> is_higher(Score(0.7, np.full(9, 0.7)), Score(0.5, np.full(9, 0.5)))
    True
    """
    difference = score - other
    limits = difference.limits(1 - (1 - LEVEL) / max(1, num_scores))
    if limits is None or difference.value is None:
        return False
    return limits[0] > 0 and difference.value > SMALLEST


def average(scores: Sequence[Score]) -> Score:
    """The mean of several tasks' scores; undefined if one of them is.

    Args:
        scores: List of `Score`.

    Returns:
        A `Score`.

    Example:

    >>> average([Score(0.2, np.zeros(1)), Score(0.4, np.zeros(1))]).value
    0.30000000000000004
    """
    values = [score.value for score in scores if score.value is not None]
    is_defined = len(values) == len(scores)
    return Score(
        float(np.mean(values)) if is_defined else None,
        lambda: np.mean([score.resamples for score in scores], axis=0),
    )


def _sample_counts(generator, num_resamples: int, num_items: int):
    """How often each item was drawn, of `(num_resamples, num_items)`."""
    drawn = generator.integers(num_items, size=(num_resamples, num_items))
    drawn += num_items * np.arange(num_resamples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=num_resamples * num_items)
    return counts.reshape(num_resamples, num_items).astype("float64")
