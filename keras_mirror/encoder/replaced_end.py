"""Makes models that share all weights with another except the encoder's end."""

import dataclasses
from collections.abc import Iterable

from keras import ops

from keras_mirror.data.as_strings import as_strings
from keras_mirror.encoder.sentence_encoder import SentenceEncoder
from keras_mirror.encoder.trained_weights import freeze_positions
from keras_mirror.encoder.trained_weights import frozen_positions

# The mean of this many is accurate to a hundredth of the spread of embeddings.
MOST_TEXTS = 10_000


def with_encoder(model, encoder, recipe=None):
    """Makes an uncompiled model of the same parts with another encoder.

    If the size of embeddings differs, its projection head is new.

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
        preprocessor=_copied(model.preprocessor),
        recipe=recipe or model.recipe,
        record=model.record,
    )
    heads = model.projection_head, other.projection_head
    same_size = encoder.output_shape == model.encoder.output_shape
    if None not in heads and same_size:
        weights = model.projection_head.get_weights()
        other.projection_head.set_weights(weights)
        frozen = frozen_positions(model.projection_head)
        freeze_positions(other.projection_head, frozen)
    return other


def _copied(preprocessor):
    """Copies a preprocessor, as a model writes its recipe into it."""
    config = {**preprocessor.get_config(), "tokenizer": preprocessor.tokenizer}
    return type(preprocessor)(**config)


def with_end(old, **settings):
    """Makes an encoder around the same backbone with other last layers.

    Args:
        old: A `SentenceEncoder`.
        **settings: `centered`, `whitened`, `projection_dim` or a pooling, see
            `SentenceEncoder`.

    Returns:
        A `SentenceEncoder`. Last layers that both have share their weights,
        except a projection to other dimensions.

    Example:

    >>> with_end(model.encoder, centered=True).centered
    True
    """
    config = {**old.get_config(), "backbone": old.backbone, **settings}
    encoder = type(old).from_config(config)
    names = ["token_weights", "centering", "whitening"]
    if encoder.projection_dim == old.projection_dim:
        names.append("projection")
    for name in names:
        before, after = getattr(old, name), getattr(encoder, name)
        if before is not None and after is not None:
            # Copied: on JAX both would share a buffer, which a training step
            # deletes.
            values = map(ops.convert_to_numpy, before.weights)
            after.set_weights([value.copy() for value in values])
    return encoder


def check_encoder(encoder) -> None:
    """Raises a ValueError for an encoder whose end cannot be replaced."""
    if not isinstance(encoder, SentenceEncoder):
        raise ValueError(
            "`encoder` must be a `SentenceEncoder`, which can store a mean or "
            f"a matrix. Received: encoder={type(encoder).__name__}"
        )


def check_unprojected(encoder, name: str) -> None:
    """Raises a ValueError if the embeddings are projected already."""
    if encoder.projection is not None:
        raise ValueError(
            f"A model must be {name} before its embeddings are projected to "
            f"other dimensions: call `{name}` first, then `reduced`. "
            f"Received: an encoder with projection_dim={encoder.projection_dim}"
        )


def sample_texts(texts: Iterable[str], smallest: int = 2) -> list[str]:
    """Draws at most `MOST_TEXTS` different texts; refuses under `smallest`.

    Example:

    >>> sample_texts(["a man", "a woman", "a man"])
    ['a man', 'a woman']
    """
    different = list(dict.fromkeys(as_strings(texts)))
    if len(different) < smallest:
        raise ValueError(
            f"`texts` must hold at least {smallest} different texts, whose "
            f"mean or variance is measured. Received: {len(different)}"
        )
    size = min(len(different), MOST_TEXTS)
    return [different[row * len(different) // size] for row in range(size)]


def without_scores(model, encoder):
    """Does `with_encoder` and drops scores, which belong to the old vectors."""
    other = with_encoder(model, encoder)
    other.record = dataclasses.replace(model.record, scores={})
    return other
