"""Merges encoders by averaging their weights."""

import dataclasses

import keras
import numpy as np

from keras_mirror.arguments import is_number
from keras_mirror.encoder.fingerprint import essential_text
from keras_mirror.encoder.fingerprint import tokenizer_files
from keras_mirror.encoder.replaced_end import with_encoder


def merge(original, tuned, alpha: float = 0.5):
    """Interpolates between the weights of an encoder before and after training.

    Every weight is `original + alpha * (tuned - original)`. Half-way, most of
    the gains of training stay, and most of its losses are undone. Several tuned
    models, for example of different seeds, are averaged first.

    The counts of tokens are merged like weights. The projection head, which
    only training uses, is that of the first tuned model.

    Reference:
        - [Wortsman et al., 2022](https://arxiv.org/abs/2109.01903), "Robust
          fine-tuning of zero-shot models"
        - [Xiao et al., 2024](https://arxiv.org/abs/2311.13534), "LM-Cocktail",
          the same for text encoders

    Args:
        original: A `MirrorModel`, before training.
        tuned: A `MirrorModel` that was trained from `original`, or a list of
            them.
        alpha: Float in `[0, 1]`: 0 gives exactly the original, 1 exactly the
            tuned model. Defaults to `0.5`: see benchmarks/domains.py.

    Returns:
        A new `MirrorModel` that is not compiled, with the recipe and the
        record of the first tuned one.

    Raises:
        ValueError: The encoders differ in architecture, pooling or tokenizer,
            one is quantized, they were centered, whitened or reduced on
            different texts, or `alpha` is out of range.

    Example:

    >>> merged = merge(model, copied(model), alpha=0.3)
    >>> text = ["a man plays"]
    >>> bool(np.allclose(merged.encode_text(text), model.encode_text(text)))
    True
    """
    several = list(tuned) if isinstance(tuned, (list, tuple)) else [tuned]
    _check_alpha(alpha)
    traits = _traits(original)
    for each in several:
        _check_alike(traits, _traits(each))
        _check_same_end(original.encoder, each.encoder)
    _check_mergeable(original.encoder)
    merged = copied(several[0])
    before = original.encoder.get_weights()
    after = [each.encoder.get_weights() for each in several]
    merged.encoder.set_weights(
        [
            _between(weight, others, alpha)
            for weight, *others in zip(before, *after, strict=True)
        ]
    )
    merged.record = _record(original, several, alpha)
    return merged


def copied(model, recipe=None):
    """Copies a model with its own encoder and the same weights.

    Args:
        model: A `MirrorModel`.
        recipe: A `Recipe`. Defaults to `None`: the model's.

    Returns:
        A `MirrorModel` that is not compiled.

    Example:

    >>> copied(model).encoder is model.encoder
    False
    """
    encoder = type(model.encoder).from_config(model.encoder.get_config())
    encoder.set_weights(model.encoder.get_weights())
    return with_encoder(model, encoder, recipe)


def _between(weight, others: list, alpha: float):
    """Returns both ends exactly: in float32 `w + (v - w)` is not always `v`."""
    if alpha == 0:
        return weight
    target = others[0]
    if len(others) > 1:
        target = np.mean(others, axis=0, dtype="float64").astype(weight.dtype)
    if alpha == 1:
        return target
    return (weight + alpha * (target - weight)).astype(weight.dtype)


def _record(original, several: list, alpha: float):
    base = original.record.base or "the original"
    number = f"{len(several)} models" if len(several) > 1 else "the tuned model"
    note = f"merged: {alpha:g} of the way from {base} to {number}"
    record = dataclasses.replace(several[0].record, scores={}, notes=())
    return record.with_notes(note)


def _check_alpha(alpha: float) -> None:
    if not is_number(alpha) or not 0 <= alpha <= 1:
        raise ValueError(
            "`alpha` must be a float from 0 (the original) to 1 (the tuned "
            f"model). Received: alpha={alpha!r}"
        )


def _check_alike(traits: dict, others: dict) -> None:
    for name, value in traits.items():
        other = others[name]
        if value != other:
            raise ValueError(
                "Only models whose encoders are built alike can be merged: "
                f"train `tuned` from `original`. Received: another {name}"
                f"{_difference(value, other)}"
            )


def _check_same_end(encoder, other) -> None:
    """Refuses different means or whitenings, which cannot be averaged."""
    for name in ("centering", "whitening", "projection"):
        before, after = (getattr(each, name, None) for each in (encoder, other))
        if before is None or after is None:
            continue
        if before.trainable_weights and after.trainable_weights:
            continue  # a learned projection is merged like the backbone
        if not np.array_equal(before.get_weights(), after.get_weights()):
            raise ValueError(
                "Models that were centered, whitened or reduced on different "
                f"texts cannot be merged. Received: a different {name}. Merge "
                "first, then call `centered`, `whitened` or `reduced`"
            )


def _check_mergeable(encoder) -> None:
    if any("float" not in weight.dtype for weight in encoder.weights):
        raise ValueError(
            "Quantized models cannot be merged: their weights are integers. "
            "Merge first, then call `quantize`"
        )


def _traits(model) -> dict:
    """What must be equal, starting with what is easiest to explain."""
    encoder = model.encoder
    serialize = keras.saving.serialize_keras_object
    return {
        "class": type(encoder).__name__,
        "backbone": type(getattr(encoder, "backbone", None)).__name__,
        "pooling_mode": getattr(encoder, "pooling_mode", None),
        "pooled_layers": getattr(encoder, "pooled_layers", None),
        "centered": getattr(encoder, "centered", None),
        "whitened": getattr(encoder, "whitened", None),
        "projection_dim": getattr(encoder, "projection_dim", None),
        "shape of weights": [tuple(w.shape) for w in encoder.weights],
        "configuration of the encoder": essential_text(serialize(encoder)),
        "tokenizer": list(tokenizer_files(model.preprocessor.tokenizer)),
    }


def _difference(value, other) -> str:
    """Both values, if these are short."""
    if isinstance(value, list) or len(f"{value}{other}") > 100:
        return ""
    return f", {value!r} and {other!r}"
