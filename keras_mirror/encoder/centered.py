from collections.abc import Callable
from collections.abc import Iterable

from keras import ops

from keras_mirror.encoder.encode import encode_in_chunks
from keras_mirror.encoder.replaced_end import check_encoder
from keras_mirror.encoder.replaced_end import check_unprojected
from keras_mirror.encoder.replaced_end import sample_texts
from keras_mirror.encoder.replaced_end import with_end
from keras_mirror.encoder.replaced_end import without_scores


def centered(
    model,
    texts: Iterable[str],
    batch_size: int | None = None,
    on_progress: Callable[[int], object] | None = None,
):
    """Makes a model without the mean direction: see `MirrorModel.centered`.

    Example:

    >>> texts = ["a man plays", "a woman", "the cat"]
    >>> vectors = centered(model, texts).encode_text(texts)
    >>> float(abs(vectors.mean(axis=0)).max()) < 1e-6
    True
    """
    check_encoder(model.encoder)
    if model.encoder.whitened:
        raise ValueError(
            "A whitened model cannot be centered: whitening has already "
            "removed most of the mean. Call `centered` first, then `whitened`"
        )
    check_unprojected(model.encoder, "centered")
    sample = sample_texts(texts)
    chunks = encode_in_chunks(model, sample, batch_size, on_progress)
    total = sum(rows.sum(axis=0, dtype="float64") for rows, _ in chunks)
    encoder = with_end(model.encoder, centered=True)
    before = ops.convert_to_numpy(encoder.centering.mean)
    encoder.centering.mean.assign(before + total / len(sample))
    return without_scores(model, encoder)
