"""Models that share all weights with another one, but for the encoder's end."""

import dataclasses
from collections.abc import Callable
from collections.abc import Iterable

import numpy as np
from keras import ops

from keras_mirror.data.as_strings import as_strings
from keras_mirror.encoder.encode import encode_in_chunks
from keras_mirror.encoder.sentence_encoder import SentenceEncoder

# The mean of so many is known to a hundredth of what one embedding varies.
MOST_TEXTS = 10_000


def centered(
    model,
    texts: Iterable[str],
    batch_size: int | None = None,
    on_progress: Callable[[int], object] | None = None,
):
    """A model without the mean direction: see `MirrorModel.centered`.

    Example:

    >>> texts = ["a man plays", "a woman", "the cat"]
    >>> vectors = centered(model, texts).encode_text(texts)
    >>> float(abs(vectors.mean(axis=0)).max()) < 1e-6
    True
    """
    _check_encoder(model.encoder)
    sample = _sample(texts)
    chunks = encode_in_chunks(model, sample, batch_size, on_progress)
    total = sum(rows.sum(axis=0, dtype="float64") for rows, _ in chunks)
    encoder = _with_mean(model.encoder, total / len(sample))
    other = with_encoder(model, encoder)
    # Scores are those of the vectors from before.
    other.record = dataclasses.replace(model.record, scores={})
    return other


def with_encoder(model, encoder, recipe=None):
    """A model that is not compiled, of the same parts and an encoder.

    Args:
        model: A `MirrorModel`.
        encoder: See `MirrorModel`.
        recipe: A `Recipe`. Defaults to `None`: the model's.

    Returns:
        A model of the same class.

    Example:

    >>> with_encoder(model, model.encoder).recipe == model.recipe
    True
    """
    other = type(model)(
        encoder=encoder,
        preprocessor=model.preprocessor,
        recipe=recipe or model.recipe,
        record=model.record,
    )
    if None not in (model.projection_head, other.projection_head):
        weights = model.projection_head.get_weights()
        other.projection_head.set_weights(weights)
    return other


def _check_encoder(encoder) -> None:
    if not isinstance(encoder, SentenceEncoder):
        raise ValueError(
            "A mean is kept in a `SentenceEncoder`: `encoder` must be one. "
            f"Received: encoder={type(encoder).__name__}"
        )


def _sample(texts: Iterable[str]) -> list[str]:
    """The different texts, or `MOST_TEXTS` from all over them."""
    different = list(dict.fromkeys(as_strings(texts)))
    if len(different) < 2:
        raise ValueError(
            "`texts` must hold at least two different texts, whose mean is "
            f"subtracted. Received: {len(different)}"
        )
    size = min(len(different), MOST_TEXTS)
    return [different[row * len(different) // size] for row in range(size)]


def _with_mean(old, mean: np.ndarray):
    """An encoder around the same backbone that subtracts `mean` too."""
    config = {**old.get_config(), "backbone": old.backbone, "centered": True}
    encoder = type(old)(**config)
    if old.token_weights is not None:
        # Copied: JAX would give both one buffer, and a step deletes it.
        counts = ops.convert_to_numpy(old.token_weights.counts).copy()
        encoder.token_weights.counts.assign(counts)
    if old.centering is not None:
        mean = mean + ops.convert_to_numpy(old.centering.mean)
    encoder.centering.mean.assign(mean)
    return encoder
