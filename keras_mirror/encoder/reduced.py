from collections.abc import Callable
from collections.abc import Iterable

from keras import ops

from keras_mirror.arguments import check_integer
from keras_mirror.encoder.encode import unit_chunks
from keras_mirror.encoder.replaced_end import check_encoder
from keras_mirror.encoder.replaced_end import sample_texts
from keras_mirror.encoder.replaced_end import with_end
from keras_mirror.encoder.replaced_end import without_scores
from keras_mirror.main_directions import main_directions


def reduced(
    model,
    texts: Iterable[str],
    dim: int = 128,
    batch_size: int | None = None,
    on_progress: Callable[[int], object] | None = None,
):
    """Makes a model of fewer dimensions: see `MirrorModel.reduced`.

    Example:

    >>> texts = ["a man plays", "a woman", "the cat"]
    >>> reduced(model, texts, dim=2).encode_text(texts).shape
    (3, 2)
    """
    check_encoder(model.encoder)
    dim = check_integer("dim", dim, largest=model.encoder.output_shape[-1])
    # Fewer texts would not cover all directions.
    sample = sample_texts(texts, smallest=max(2, dim))
    chunks = unit_chunks(model, sample, batch_size, on_progress)
    blocks = (rows.astype("float64") for rows in chunks)
    kernel = main_directions(sum(rows.T @ rows for rows in blocks), dim)
    old = model.encoder.projection
    if old is not None:
        kernel = ops.convert_to_numpy(old.kernel) @ kernel
    encoder = with_end(model.encoder, projection_dim=dim)
    encoder.projection.kernel.assign(kernel)
    encoder.projection.trainable = False
    return without_scores(model, encoder)
