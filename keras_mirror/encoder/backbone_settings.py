"""Sets activation and epsilon, which keras-hub fixes and checkpoints vary.

A backbone's config has neither, so both are set on the layers of a built
backbone.
"""

import functools
import numbers
from collections.abc import Callable

import keras

from keras_mirror.encoder.trained_weights import set_trained
from keras_mirror.encoder.trained_weights import trained_config


def set_activation(backbone, activation: str) -> None:
    """Sets the activation of every feed-forward block of a backbone.

    keras-hub's BERT, ALBERT and ELECTRA always use the tanh approximation of
    GELU; most Hugging Face configurations ask for the exact one. On a small
    random model the outputs differ by 5.8e-4.

    Args:
        backbone: A `keras_hub.models.Backbone`, changed in place.
        activation: `"gelu_approximate"` or a name that
            `keras.activations.get` knows, such as `"gelu"`, the exact one.

    Example:

    >>> set_activation(backbone, "gelu")
    """
    if not isinstance(activation, str):
        raise ValueError(
            "`activation` must be a string. "
            f"Received: activation={activation!r}"
        )
    function = _activation(activation)
    for layer in backbone._flatten_layers():
        if hasattr(layer, "intermediate_dim") and hasattr(layer, "activation"):
            previous, layer.activation = layer.activation, function
            for part in layer._flatten_layers(include_self=False):
                if getattr(part, "activation", None) is previous:
                    part.activation = function


def set_layer_norm_epsilon(backbone, epsilon: float) -> None:
    """Sets the epsilon of every layer normalization of a backbone.

    Args:
        backbone: A `keras_hub.models.Backbone`, changed in place.
        epsilon: Positive float.

    Raises:
        ValueError: `epsilon` is something else.

    Example:

    >>> set_layer_norm_epsilon(backbone, 1e-12)
    """
    check_epsilon(epsilon)
    for layer in backbone._flatten_layers():
        if isinstance(layer, keras.layers.LayerNormalization):
            layer.epsilon = epsilon


def check_epsilon(epsilon) -> None:
    """Raises a `ValueError` unless a value can be an epsilon.

    Example:

    >>> check_epsilon(1e-12)
    """
    is_number = isinstance(epsilon, numbers.Real)
    if not is_number or not 0 < epsilon < 1:  # nor is NaN
        raise ValueError(
            "The epsilon of a layer normalization must be a number between 0 "
            f"and 1. Received: {str(epsilon)[:80]!r}"
        )


def activation_of(backbone) -> str:
    """The activation of the feed-forward blocks of a backbone, by its name.

    Args:
        backbone: A `keras_hub.models.Backbone`.

    Returns:
        A string, for `set_activation`.

    Example:

    >>> set_activation(backbone, "gelu")
    >>> activation_of(backbone)
    'gelu'
    """
    for layer in backbone._flatten_layers():
        if hasattr(layer, "intermediate_dim") and hasattr(layer, "activation"):
            activation = layer.activation
            break
    return activation_name(activation)


def activation_name(function: Callable) -> str:
    """The name of an activation, for `set_activation`.

    Example:

    >>> activation_name(keras.activations.relu)
    'relu'
    """
    is_ours = isinstance(function, functools.partial)
    return "gelu_approximate" if is_ours else function.__name__


def layer_norm_epsilon_of(backbone) -> float:
    """The epsilon of the layer normalizations of a backbone.

    Args:
        backbone: A `keras_hub.models.Backbone`.

    Returns:
        A float.

    Example:

    >>> set_layer_norm_epsilon(backbone, 1e-12)
    >>> layer_norm_epsilon_of(backbone)
    1e-12
    """
    layers = backbone._flatten_layers()
    norms = (keras.layers.LayerNormalization,)
    return next(x.epsilon for x in layers if isinstance(x, norms))


def copy_backbone(backbone, **changes):
    """Copies a backbone with its weights, and changes options.

    Args:
        backbone: A `keras_hub.models.Backbone`.
        **changes: Options of its class that do not change its weights, such
            as `dropout`.

    Returns:
        A `keras_hub.models.Backbone` of the same class. Its activation and its
        epsilon are keras-hub's own.

    Example:

    >>> copy_backbone(backbone, dropout=0.3).dropout
    0.3
    """
    config = {**backbone.get_config(), **changes}
    copy = type(backbone).from_config(config)
    set_trained(copy, **trained_config(backbone))
    copy.set_weights(backbone.get_weights())
    return copy


def _activation(name: str) -> Callable:
    if name == "gelu_approximate":
        return functools.partial(keras.activations.gelu, approximate=True)
    return keras.activations.get(name)
