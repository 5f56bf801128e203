import numpy as np

from keras_mirror.encoder.encode import encode_in_chunks
from keras_mirror.metrics.unit_length import unit_rows
from keras_mirror.mirror_model import MirrorModel


def unit_vectors(model, texts, batch_size=64, progress=None):
    """Vectors of texts, of length 1.

    Args:
        model: A `MirrorModel`.
        texts: List of strings.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `64`.
        progress: Function of the number of texts just encoded. Defaults to
            `None`.

    Returns:
        A float32 array of shape `(len(texts), embedding_dim)`.

    Raises:
        ValueError: The model gives a vector with NaN or infinity.

    Example:

    >>> vectors = unit_vectors(model, ["a man plays", "a woman"])
    >>> np.linalg.norm(vectors, axis=1).round(5).tolist()
    [1.0, 1.0]
    """
    check_model(model)
    chunks = [np.empty((0, model.encoder.output_shape[-1]), "float32")]
    num_done = 0
    for vectors, _ in encode_in_chunks(model, texts, batch_size):
        finite = np.isfinite(vectors).all(axis=1)
        if not finite.all():
            text = texts[num_done + int(np.argmin(finite))]
            raise ValueError(
                "Vectors must be of finite numbers. Received: NaN or infinity "
                f"from the model, for the text {text[:80]!r}"
            )
        chunks.append(unit_rows(vectors))
        num_done += len(vectors)
        if progress is not None:
            progress(len(vectors))
    return np.concatenate(chunks)


def check_model(model):
    """Raises a TypeError unless `model` is a `MirrorModel`."""
    if not isinstance(model, MirrorModel):
        raise TypeError(
            "`model` must be a `MirrorModel`. "
            f"Received: model={model!r} of type {type(model).__name__}"
        )
