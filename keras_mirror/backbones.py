"""What keras-hub's backbones fix in their code and a checkpoint may not.

A backbone's config holds neither its activation nor its normalisation's
epsilon, so both are set on the layers after the backbone was made.
"""

import functools

import keras


def set_activation(backbone, activation):
    """Sets the activation of every feed-forward block of a backbone.

    keras-hub's BERT, ALBERT and ELECTRA always use the tanh approximation of
    GELU, Hugging Face configurations mostly ask for the exact one: 5.8e-4
    apart on a small random model.

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


def set_layer_norm_epsilon(backbone, epsilon):
    """Sets the epsilon of every layer normalisation of a backbone.

    Args:
        backbone: A `keras_hub.models.Backbone`, changed in place.
        epsilon: Positive float.

    Example:

    >>> set_layer_norm_epsilon(backbone, 1e-12)
    """
    for layer in backbone._flatten_layers():
        if isinstance(layer, keras.layers.LayerNormalization):
            layer.epsilon = epsilon


def _activation(name):
    if name == "gelu_approximate":
        return functools.partial(keras.activations.gelu, approximate=True)
    return keras.activations.get(name)
