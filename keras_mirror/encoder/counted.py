from collections.abc import Iterable

from keras_mirror.data.as_strings import as_strings
from keras_mirror.data.as_strings import batched
from keras_mirror.encoder.encode import CHUNK_SIZE
from keras_mirror.encoder.replaced_end import with_end
from keras_mirror.encoder.replaced_end import without_scores


def counted(model, texts: Iterable[str]):
    """Makes a model that weighs tokens by how often they occur in texts.

    Training counts tokens too, but it also changes the weights of the backbone.
    This only counts, so it separates the gain of weighted pooling from the gain
    of training. The result shares all other weights with `model`, which stays
    unchanged.

    Args:
        model: A `MirrorModel`.
        texts: Iterable of strings, the corpus; duplicates count once.

    Returns:
        A `MirrorModel`, not compiled; `model` itself if its encoder does not
        weigh tokens.

    Example:

    >>> counted(model, ["a man plays"]) is model
    True
    """
    if getattr(model.encoder, "token_weights", None) is None:
        return model
    encoder = with_end(model.encoder)
    for chunk in batched(dict.fromkeys(as_strings(texts)), CHUNK_SIZE):
        encoder.token_weights.count(**model.preprocessor(chunk))
    return without_scores(model, encoder)
