from collections.abc import Callable
from collections.abc import Iterable

import numpy as np
from keras import ops

from keras_mirror.encoder.encode import encode_in_chunks
from keras_mirror.encoder.replaced_end import check_encoder
from keras_mirror.encoder.replaced_end import check_unprojected
from keras_mirror.encoder.replaced_end import sample_texts
from keras_mirror.encoder.replaced_end import with_end
from keras_mirror.encoder.replaced_end import without_scores


def whitened(
    model,
    texts: Iterable[str],
    batch_size: int | None = None,
    on_progress: Callable[[int], object] | None = None,
):
    """Makes a model whose embeddings vary equally in all directions.

    See `MirrorModel.whitened`.

    Example:

    >>> texts = ["a man plays", "a woman", "the cat"]
    >>> whitened(model, texts).encode_text(texts).shape[0]
    3
    """
    check_encoder(model.encoder)
    check_unprojected(model.encoder, "whitened")
    sample = sample_texts(texts)
    chunks = encode_in_chunks(model, sample, batch_size, on_progress)
    blocks = (rows.astype("float64") for rows, _ in chunks)
    total = sum(rows.T @ rows for rows in blocks)
    encoder = with_end(model.encoder, whitened=True)
    before = ops.convert_to_numpy(encoder.whitening.kernel)
    encoder.whitening.kernel.assign(before @ _kernel(total, len(sample)))
    return without_scores(model, encoder)


def _kernel(total: np.ndarray, num_texts: int) -> np.ndarray:
    """The inverse square root of the second moments, shrunk to the identity.

    Few texts say little about many directions: the more dimensions there are
    per text, the more the second moments are shrunk toward a sphere.
    """
    size = len(total)
    sphere = np.trace(total) / size * np.eye(size)
    shrunk = total + size / num_texts * sphere
    values, vectors = np.linalg.eigh(shrunk)
    # The mean length stays the same.
    scales = np.sqrt(np.trace(shrunk) / size / values)
    return (vectors * scales) @ vectors.T
