"""How much memory a step of training or encoding takes, before it takes it."""

import dataclasses
import math

import keras


@dataclasses.dataclass(frozen=True)
class _Costs:
    """What a backend takes, found by measuring: tests/encoder says how.

    Args:
        hidden, intermediate: Floats, vectors of these sizes per token of a
            layer, kept for its gradients.
        scores: Float, the same for the rows of attention scores.
        outside: Float, vectors of the hidden size per token outside of
            layers: embeddings, and what one layer's gradients take.
        weights: Float, copies of all weights: gradients, two moments, and
            what the optimizer makes on its way.
        slices: Float, how much more a mini-batch takes than a batch of its
            size, because its graph is built inside of another.
        slice_weights: Float, more copies of all weights in mini-batches.
    """

    hidden: float
    intermediate: float
    scores: float
    outside: float
    weights: float
    slices: float
    slice_weights: float


_TRAINING = {
    "tensorflow": _Costs(16, 3, 3.0, 10, 5.5, 1.0, 3.0),
    "jax": _Costs(16, 3, 3.0, 10, 5.5, 1.0, 3.0),
    "torch": _Costs(20, 4, 3.0, 10, 5.5, 1.5, 3.0),
}
# Vectors per token while a layer computes its outputs.
_ENCODING = {
    "tensorflow": (8, 2, 2.0),
    "jax": (8, 2, 2.0),
    "torch": (8, 2, 2.0),
}


def training_memory(
    model, num_rows: int, width: int, in_slices: bool = False
) -> int | None:
    """The bytes that a step of training takes beside the model itself.

    Grows with the rows, and faster than their width: attention has a score
    for every two tokens of a text.

    Args:
        model: A `MirrorModel`.
        num_rows: Integer, texts that go through the encoder together; two
            for every string of a batch.
        width: Integer, tokens of each, padding included.
        in_slices: Boolean, whether they are one slice of a larger batch, see
            `in_mini_batches`. Defaults to `False`.

    Returns:
        An integer, or `None` for an encoder without a backbone of keras-hub,
        whose sizes nobody knows.

    Example:

    >>> training_memory(model, 400, 24) > training_memory(model, 200, 24)
    True
    """
    sizes = _sizes(model)
    if sizes is None:
        return None
    costs = _TRAINING[keras.backend.backend()]
    vectors: float = costs.hidden * sizes.hidden_dim
    vectors += costs.intermediate * sizes.intermediate_dim
    if sizes.keeps_scores:
        vectors += costs.scores * sizes.num_heads * width
    vectors *= sizes.num_layers
    vectors += costs.outside * sizes.hidden_dim
    activations = num_rows * width * vectors * sizes.bytes_per_number
    copies = costs.weights
    if in_slices:
        activations *= costs.slices
        copies += costs.slice_weights
    return int(activations + copies * _weight_bytes(model))


def encoding_memory(model, num_tokens: int, width: int) -> int | None:
    """The bytes that one call of the encoder takes beside the model itself.

    Args:
        model: A `MirrorModel`.
        num_tokens: Integer, tokens of all its texts, padding included.
        width: Integer, tokens of the longest one.

    Returns:
        An integer, or `None` as `training_memory`.

    Example:

    >>> encoding_memory(model, 64 * 24, 24) > encoding_memory(model, 24, 24)
    True
    """
    sizes = _sizes(model)
    if sizes is None:
        return None
    hidden, intermediate, scores = _ENCODING[keras.backend.backend()]
    vectors: float = hidden * sizes.hidden_dim
    vectors += intermediate * sizes.intermediate_dim
    vectors += scores * sizes.num_heads * width
    return int(num_tokens * vectors * sizes.bytes_per_number)


@dataclasses.dataclass(frozen=True)
class _Sizes:
    num_layers: int
    hidden_dim: int
    intermediate_dim: int
    num_heads: int
    keeps_scores: bool
    bytes_per_number: int


def _sizes(model) -> _Sizes | None:
    backbone = getattr(model.encoder, "backbone", None)
    names = ("num_layers", "hidden_dim", "intermediate_dim", "num_heads")
    if backbone is None or not all(hasattr(backbone, name) for name in names):
        return None
    dtype = keras.backend.standardize_dtype(backbone.compute_dtype)
    return _Sizes(
        **{name: getattr(backbone, name) for name in names},
        keeps_scores=True,
        bytes_per_number=4 if dtype == "float32" else 2,
    )


def _weight_bytes(model) -> int:
    return sum(4 * math.prod(v.shape) for v in model.trainable_variables)
