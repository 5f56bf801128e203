from keras import ops

from keras_mirror.archive.card_wording import pooling_words
from keras_mirror.recipes import RAW_POOLING


def pooling_of(model) -> str:
    """Says how a model makes one vector of a text's tokens.

    If a model never trained, its token weights are all 1; the text says so,
    because the same recipe gives other vectors once tokens are counted.

    Args:
        model: A `MirrorModel`.

    Returns:
        A string.

    Example:

    >>> pooling_of(model)
    'mean, of the last layer'
    """
    encoder = model.encoder
    if not hasattr(encoder, "pooling_mode"):  # a user's own
        return f"that of its {type(encoder).__name__}"
    fields = {name: getattr(encoder, name) for name in RAW_POOLING}
    weights = encoder.token_weights
    counted = weights is None or bool(ops.any(weights.counts > 0))
    if not counted:
        fields["frequency_smoothing"] = None
    ends = encoder.centered, encoder.whitened, encoder.projection_dim
    words = pooling_words(fields, *ends)
    return words if counted else f"{words}, no token counted yet"
