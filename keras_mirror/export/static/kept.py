from keras_mirror.unit_rows import unit_rows
from keras_mirror.vector_agreement import cosine_correlation
from keras_mirror.vector_agreement import neighbors_kept

FEWEST_TEXTS = 12  # with fewer texts, all others are among the ten nearest


def kept(before, after) -> dict[str, float]:
    """Measures how much of the neighborhoods of texts other vectors keep.

    Args:
        before: Array of shape `(n, embedding_dim)`, vectors of texts.
        after: The same of shape `(n, other_embedding_dim)`.

    Returns:
        A dict of `"neighbors"`, the share of a text's ten nearest texts that
        stay, and `"cosines"`, the correlation between the cosines of all pairs
        of texts before and after. Empty if there are too few texts.

    Example:

    >>> rows = np.random.default_rng(0).normal(size=(20, 4))
    >>> kept(rows, 2 * rows)
    {'neighbors': 1.0, 'cosines': 1.0}
    """
    if len(before) < FEWEST_TEXTS:
        return {}
    before, after = unit_rows(before), unit_rows(after)
    return {
        "neighbors": round(neighbors_kept(before, after), 4),
        "cosines": round(cosine_correlation(before, after), 4),
    }
