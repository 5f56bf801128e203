"""Estimates how much memory a step of training or encoding will take."""

import dataclasses
import math

import keras


@dataclasses.dataclass(frozen=True)
class _Costs:
    """The memory use of a backend, fitted to measurements.

    Args:
        hidden, intermediate: Floats, vectors of these sizes per token of a
            layer, kept for its gradients.
        scores: Float, the same for rows of attention scores.
        outside: Float, vectors of the hidden size per token outside the layers.
        weights: Float, copies of all weights: gradients, and two moments.
        constant: Integer, the bytes that compilation and libraries take.
        in_slices: Float, the memory of a slice relative to a batch of its size.
        slice_weights: Float, additional copies of all weights with
            mini-batches.
        fuses: Boolean, whether attention without dropout keeps no scores.
        in_half: Float, the memory of half precision relative to float32; a part
            is computed in float32 anyway.
    """

    hidden: float
    intermediate: float
    scores: float
    outside: float
    weights: float
    constant: int
    in_slices: float = 1.0
    slice_weights: float = 0.0
    fuses: bool = False
    in_half: float = 0.75


# Fitted to all-MiniLM-L6-v2 and mirror_mini_lm_en, with widths of 32 to 256:
# tests/encoder/test_step_memory.py.
_TRAINING = {
    "tensorflow": _Costs(16.7, 3, 2.5, 10, 3, 60_000_000, slice_weights=4.2),
    "jax": _Costs(
        22.1, 3, 5.3, 10, 3, 200_000_000, slice_weights=1.9, in_half=0.9
    ),
    # Whole batches leave holes in the heap; slices return their memory.
    "torch": _Costs(
        18.7, 4, 3.15, 10, 3, 180_000_000, in_slices=0.75, fuses=True
    ),
}
_ENCODING = {
    "tensorflow": _Costs(0, 1, 2.5, 0, 0, 0),
    # XLA keeps much more than one layer needs.
    "jax": _Costs(87, 1, 0, 0, 0, 100_000_000),
    "torch": _Costs(2, 1, 8, 0, 0, 0),
}


def training_memory(
    model, num_rows: int, width: int, in_slices: bool = False
) -> int | None:
    """The bytes that a training step takes in addition to the model.

    It grows in proportion to the rows, but faster than their width: attention
    has a score for every pair of tokens.

    Args:
        model: A `MirrorModel`.
        num_rows: Integer, texts that go through the encoder together; two
            for every string of a batch.
        width: Integer, tokens of each, padding included.
        in_slices: Boolean, whether they are one slice of a larger batch, see
            `in_mini_batches`. Defaults to `False`.

    Returns:
        An integer, or `None` for an encoder without a keras-hub backbone, whose
        sizes are unknown.

    Example:

    >>> training_memory(model, 400, 24) > training_memory(model, 200, 24)
    True
    """
    sizes = _sizes(model)
    if sizes is None:
        return None
    costs = _TRAINING[keras.backend.backend()]
    num_bytes = sizes.per_token(costs, width) * sizes.num_layers
    num_bytes += 4 * costs.outside * sizes.hidden_dim
    num_bytes *= num_rows * width
    if model.encoder.backbone.compute_dtype != "float32":
        num_bytes *= costs.in_half
    copies = costs.weights
    if in_slices:
        num_bytes *= costs.in_slices
        copies += costs.slice_weights
    return int(num_bytes + copies * _weight_bytes(model)) + costs.constant


def encoding_memory(model, num_tokens: int, width: int) -> int | None:
    """The bytes that one call of the encoder takes in addition to the model.

    Args:
        model: A `MirrorModel`.
        num_tokens: Integer, tokens of all its texts, padding included.
        width: Integer, tokens of the longest one.

    Returns:
        An integer or `None`, as in `training_memory`.

    Example:

    >>> encoding_memory(model, 64 * 24, 24) > encoding_memory(model, 24, 24)
    True
    """
    sizes = _sizes(model)
    if sizes is None:
        return None
    costs = _ENCODING[keras.backend.backend()]
    return int(num_tokens * sizes.per_token(costs, width)) + costs.constant


@dataclasses.dataclass(frozen=True)
class _Sizes:
    """Sizes of a backbone, as keras-hub names them."""

    num_layers: int
    hidden_dim: int
    intermediate_dim: int
    num_heads: int
    dropout: float

    def per_token(self, costs: _Costs, width: int) -> float:
        """The bytes of a layer per token of a text of `width` tokens."""
        scores = costs.scores * self.num_heads * width
        if costs.fuses and not self.dropout:
            scores = 0.0
        return 4 * (
            costs.hidden * self.hidden_dim
            + costs.intermediate * self.intermediate_dim
            + scores
        )


def _sizes(model) -> _Sizes | None:
    backbone = getattr(model.encoder, "backbone", None)
    names = [field.name for field in dataclasses.fields(_Sizes)]
    if not all(hasattr(backbone, name) for name in names):
        return None
    return _Sizes(**{name: getattr(backbone, name) for name in names})


def _weight_bytes(model) -> int:
    return sum(4 * math.prod(v.shape) for v in model.trainable_variables)
