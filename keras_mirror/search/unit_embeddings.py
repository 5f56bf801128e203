from collections.abc import Callable

import numpy as np

from keras_mirror.forward.forward_encoder import check_encoder

OnProgress = Callable[[int], object] | None


def unit_embeddings(
    model,
    texts: list[str],
    batch_size: int | None = None,
    on_progress: OnProgress = None,
    prompt: str | None = None,
):
    """Embeddings of texts, of length 1.

    Args:
        model: A `MirrorModel`.
        texts: List of strings.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `None`.
        on_progress: Function of the number of texts just encoded. Defaults to
            `None`.
        prompt: String, see `MirrorModel.encode_text`. Defaults to `None`.

    Returns:
        A float32 array of shape `(len(texts), embedding_dim)`.

    Raises:
        TypeError: `model` is something else.
        ValueError: The model gives an embedding with NaN or infinity.

    Example:

    >>> embeddings = unit_embeddings(model, ["a man plays", "a woman"])
    >>> np.linalg.norm(embeddings, axis=1).round(5).tolist()
    [1.0, 1.0]
    """
    from keras_mirror.encoder.encode import unit_chunks

    check_encoder(model)
    none = np.empty((0, model.encoder.output_shape[-1]), "float32")
    chunks = unit_chunks(model, texts, batch_size, on_progress, prompt)
    return np.concatenate([none, *chunks])
