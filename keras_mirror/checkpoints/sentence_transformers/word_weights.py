import pathlib

import numpy as np

from keras_mirror.files import read_json

# The precision of float32 weights.
_TOLERANCE = 1e-6


def read_word_weights(folder: pathlib.Path, vocabulary_size: int) -> np.ndarray:
    """The weights of all tokens of a `WordWeights` module.

    Args:
        folder: A `pathlib.Path`, the module's.
        vocabulary_size: Integer, the number of tokens that the model knows.

    Returns:
        A float64 array of shape `(vocabulary_size,)`.

    Raises:
        ValueError: The module is damaged, or a weight is not positive.
    """
    config = read_json(folder / "config.json")
    try:
        known, unknown = config["word_weights"], config["unknown_word_weight"]
        listed = [
            known.get(word, known.get(word.lower(), unknown))
            for word in config["vocab"]
        ]
        weights = np.array(listed, "float64")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            "A WordWeights module must hold `vocab`, `word_weights` and "
            "`unknown_word_weight`, as sentence-transformers writes them. "
            f"Received: folder={folder}, error={error!r}"
        ) from error
    # A model's vocabulary may be padded with ids that no text has.
    missing = max(0, vocabulary_size - len(weights))
    weights = np.pad(weights, (0, missing), constant_values=float(unknown))
    weights = weights[:vocabulary_size]
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        raise ValueError(
            "The weights of a WordWeights module must be positive to become "
            "smoothed frequencies. Received: "
            f"{weights[~(weights > 0)][:1].tolist()} in folder={folder}"
        )
    return weights


def token_counts(
    weights: np.ndarray,
) -> tuple[float | None, np.ndarray | None]:
    """The counts that make `TokenWeights` compute the same weighted mean.

    `TokenWeights` weighs a token by `smoothing / (smoothing + frequency)`,
    with frequencies that add up to 1. Any positive weights can be written in
    this form, since a factor common to all does not change a weighted mean.

    Args:
        weights: Array of positive weights, one per token.

    Returns:
        A tuple `(smoothing, counts)`. The counts add up to 1, so the first
        training strings outweigh them. `(None, None)` if all weights are equal.

    Example:

    >>> smoothing, counts = token_counts(np.array([0.5, 1.0, 0.5]))
    >>> smoothing, counts.tolist()
    (0.5, [0.5, 0.0, 0.5])
    """
    ratios = weights.max() / weights - 1  # frequency / smoothing
    if not ratios.any():
        return None, None
    smoothing = 1 / ratios.sum()
    return float(smoothing), (smoothing * ratios).astype("float32")


def are_counts_of(
    counts: np.ndarray | None, smoothing: float | None, weights: np.ndarray
) -> bool:
    """Whether `TokenWeights` gives these weights with these counts.

    Args:
        counts: Array of counts, or `None`.
        smoothing: Float, or `None`.
        weights: Array of weights.

    Returns:
        A boolean.

    Example:

    >>> are_counts_of(np.array([1.0, 0.0]), 1.0, np.array([0.5, 1.0]))
    True
    """
    if counts is None or smoothing is None or counts.shape != weights.shape:
        return False
    frequencies = counts.astype("float64") / max(counts.sum(), 1)
    expected = smoothing / (smoothing + frequencies)
    return bool(np.allclose(weights, expected, rtol=0, atol=_TOLERANCE))
