import numpy as np

# For counted tokens the paper's value, as in `layers.TokenWeights`; for places
# in a vocabulary model2vec's.
SMOOTHING = 1e-3
ZIPF_SMOOTHING = 1e-4
# A corpus of fewer tokens is too small to measure how rare they are.
_PRIOR_TOKENS = 10_000


def token_weights(num_tokens: int, counts=None):
    """Weights of tokens in a mean: rare tokens count more.

    The weight is `smoothing / (smoothing + frequency)`. Without counts,
    frequencies fall with the place in the vocabulary by Zipf's law, since
    vocabularies begin with frequent tokens.

    Reference:
        - [Arora et al., 2017](https://openreview.net/forum?id=SyK00v5xx),
          "A simple but tough-to-beat baseline for sentence embeddings"

    Args:
        num_tokens: Integer, the number of tokens that texts can have.
        counts: Array of shape `(num_tokens,)`, the counts of tokens in a
            corpus. Defaults to `None`.

    Returns:
        A float array of shape `(num_tokens,)`.

    Example:

    >>> token_weights(4).round(5).tolist()
    [0.00026, 0.00038, 0.00051, 0.00064]
    """
    ranks = np.arange(2, num_tokens + 2)
    expected = (1 / ranks) / np.sum(1 / ranks)
    if counts is None:
        return ZIPF_SMOOTHING / (ZIPF_SMOOTHING + expected)
    counted = np.asarray(counts) + _PRIOR_TOKENS * expected
    frequencies = counted / counted.sum()
    return SMOOTHING / (SMOOTHING + frequencies)
