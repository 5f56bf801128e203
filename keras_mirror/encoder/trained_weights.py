"""Stores which weights of an encoder train; a backbone's config lacks it.

This covers frozen layers and LoRA adapters: keras-hub builds all backbones
without them.
"""

import functools

import keras

from keras_mirror.arguments import check_integer


def trained_config(encoder) -> dict:
    """Describes frozen weights and adapters of an encoder.

    Args:
        encoder: A `SentenceEncoder`, or a backbone.

    Returns:
        A dict for JSON: `"lora"`, from the paths of layers to their rank and
        alpha, and `"frozen"`, the paths of the weights that do not train. It is
        empty if nothing was changed.

    Example:

    >>> trained_config(model.encoder)
    {}
    """
    lora = {
        layer.path: [layer.lora_rank, layer.lora_alpha]
        for layer in lora_layers(encoder)
    }
    frozen = frozen_weights(encoder)
    is_as_built = frozen == getattr(encoder, "frozen_as_built", [])
    config = {"lora": lora} if lora else {}
    return config if is_as_built else {**config, "frozen": frozen}


def set_trained(encoder, lora: dict | None = None, frozen=None) -> None:
    """Restores what `trained_config` described.

    Args:
        encoder: A `SentenceEncoder`, or a backbone.
        lora: Dict, see `trained_config`. Layers that have adapters keep them.
            Defaults to `None`: no adapters.
        frozen: List of paths. Defaults to `None`: nothing is changed.

    Raises:
        ValueError: No layer or weight has a given path, or a rank is larger
            than a kernel.

    Example:

    >>> set_trained(backbone, frozen=frozen_weights(backbone))
    >>> backbone.get_layer("pooled_dense").trainable
    False
    """
    layers = {layer.path: layer for layer in encoder._flatten_layers()}
    for path, (rank, alpha) in (lora or {}).items():
        layer = _found(path, layers)
        _check_rank(layer, rank)
        if not layer.lora_enabled:
            layer.enable_lora(rank, alpha)
    if frozen is None:
        return
    weights = {each.path: each for each in _weights(encoder)}
    for path in frozen:
        _found(path, weights)
    for layer in encoder._flatten_layers(include_self=False):
        trains = {each.path not in frozen for each in _weights(layer)}
        if len(trains) == 1:
            [layer.trainable] = trains
    for path, weight in weights.items():
        weight.trainable = path not in frozen


def frozen_weights(encoder) -> list[str]:
    """The paths of frozen weights.

    Args:
        encoder: A `keras.Model`.

    Returns:
        A list of strings.

    Example:

    >>> frozen_weights(model.encoder)
    ['pooled_dense/kernel', 'pooled_dense/bias']
    """
    return [each.path for each in _weights(encoder) if not each.trainable]


def frozen_positions(layer) -> list[int]:
    """The positions of frozen weights.

    Use it for layers whose names, and so paths, differ between processes.

    Args:
        layer: A `keras.Layer`, or `None`, which has none.

    Returns:
        A list of integers.

    Example:

    >>> frozen_positions(model.projection_head)
    []
    """
    weights = [] if layer is None else _weights(layer)
    return [n for n, each in enumerate(weights) if not each.trainable]


def freeze_positions(layer, positions: list[int]) -> None:
    """Freezes the weights at the positions from `frozen_positions`.

    Raises:
        ValueError: A position has no weight.

    Example:

    >>> freeze_positions(keras.layers.Dense(1), [])
    """
    weights = [] if layer is None else _weights(layer)
    for position in positions:
        check_integer("frozen_head", position, 0, len(weights) - 1)
        weights[position].trainable = False


def lora_layers(encoder) -> list:
    """The layers that have adapters, see `keras.layers.Dense.enable_lora`."""
    layers = encoder._flatten_layers()
    return [each for each in layers if getattr(each, "lora_enabled", False)]


class LoraWeights(keras.layers.Layer):
    """Stores kernels and adapters in an archive; Keras writes only their sum.

    From the sum, Keras would load adapters that are zero and never train.

    Args:
        encoder: A `SentenceEncoder`, which has this as an attribute.
    """

    def __init__(self, encoder):
        super().__init__(name="lora_weights")
        self._lora_layers = functools.partial(lora_layers, encoder)

    def save_own_variables(self, store) -> None:
        for number, weight in enumerate(self._stored()):
            store[str(number)] = weight

    def load_own_variables(self, store) -> None:
        weights = self._stored()
        if len(store.keys()) == len(weights):  # otherwise Keras's sum
            for number, weight in enumerate(weights):
                weight.assign(store[str(number)])

    def _stored(self) -> list:
        # Keras quantizes the sum.
        plain = [x for x in self._lora_layers() if not x.quantization_mode]
        return [weight for layer in plain for weight in layer.weights]


def _weights(layer) -> list:
    """The weights that are trainable unless frozen, each once."""
    every = {
        id(weight): weight
        for part in layer._flatten_layers()
        for weight in part._trainable_variables
    }
    return list(every.values())


def _found(path, known: dict):
    if path not in known:
        raise ValueError(
            "`lora` and `frozen` must name layers and weights of the encoder. "
            f"Received: {str(path)[:80]!r}"
        )
    return known[path]


def _check_rank(layer, rank) -> None:
    """Refuses ranks above a kernel's size, which only a hostile file has."""
    if not hasattr(layer, "enable_lora"):
        raise ValueError(f"A layer of its class has no adapters: {layer.path}")
    most = max(max(weight.shape) for weight in layer.weights)
    check_integer("rank", rank, largest=most)
