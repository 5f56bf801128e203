from collections.abc import Callable

import numpy as np

from keras_mirror.data.as_strings import batched
from keras_mirror.encoder.encode import CHUNK_SIZE
from keras_mirror.encoder.encode import encode_ids


def token_vectors(
    model,
    token_ids: list[int],
    on_progress: Callable[[int], object] | None = None,
):
    """Encodes tokens as texts of one token.

    Args:
        model: A `MirrorModel`.
        token_ids: List of integers.
        on_progress: Function of the number of tokens just encoded. Defaults
            to `None`.

    Returns:
        A float32 array of shape `(len(token_ids), embedding_dim)`.

    Example:

    >>> token_vectors(model, [7, 8]).shape[0]
    2
    """
    [prompt] = model.preprocessor.tokenize([""])
    blocks = []
    for chunk in batched(token_ids, CHUNK_SIZE):
        blocks.append(encode_ids(model, [[*prompt, id] for id in chunk]))
        if on_progress is not None:
            on_progress(len(chunk))
    return np.concatenate(blocks)
