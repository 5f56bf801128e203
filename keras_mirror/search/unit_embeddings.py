from collections.abc import Callable

import numpy as np

from keras_mirror.encoder.encode import encode_in_chunks
from keras_mirror.integrations.load_model import check_model
from keras_mirror.metrics.unit_length import unit_rows

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
    check_model(model)
    chunks = [np.empty((0, model.encoder.output_shape[-1]), "float32")]
    num_done = 0
    encoded = encode_in_chunks(model, texts, batch_size, on_progress, prompt)
    for chunk, _ in encoded:
        finite = np.isfinite(chunk).all(axis=1)
        if not finite.all():
            text = texts[num_done + int(np.argmin(finite))]
            raise ValueError(
                "Vectors must be of finite numbers. Received: NaN or infinity "
                f"from the model, for the text {text[:80]!r}"
            )
        chunks.append(unit_rows(chunk))
        num_done += len(chunk)
    return np.concatenate(chunks)
