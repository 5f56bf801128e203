import functools

import keras

from keras_mirror.layers import DropHead


def set_drophead(backbone, rate):
    """Makes every multi-head attention of a backbone drop whole heads.

    Args:
        backbone: A `keras_hub.models.Backbone` of transformer layers, changed
            in place.
        rate: Float in `[0, 1)`, see `keras_mirror.layers.DropHead`.

    Returns:
        The list of `DropHead` layers, one an attention, which a model must
        hold as an attribute: their random state is a part of its state.

    Raises:
        ValueError: The backbone has no multi-head attention.

    Example:

    >>> len(set_drophead(backbone, rate=0.2))
    2
    """
    layers = [layer for layer in backbone._flatten_layers() if _ends(layer)]
    if not layers:
        raise ValueError(
            "`backbone` must have multi-head attention, whose heads can be "
            f"dropped. Received: backbone={type(backbone).__name__}"
        )
    drop_heads = []
    for layer in layers:
        drop_head = DropHead(rate, backbone.num_heads, dtype=layer.dtype_policy)
        layer.call = functools.partial(_call, drop_head, _plain_call(layer))
        drop_heads.append(drop_head)
    return drop_heads


def _ends(layer):
    """Whether a layer is the output projection of an attention.

    It is called so by Keras and in keras-hub's layers of its own (0.32).
    """
    is_dense = isinstance(layer, keras.layers.EinsumDense)
    return is_dense and layer.name == "attention_output"


def _plain_call(layer):
    """The call without the heads dropped by an earlier `set_drophead`."""
    is_ours = getattr(layer.call, "func", None) is _call
    return layer.call.args[1] if is_ours else layer.call


def _call(drop_head, project, inputs, training=None):
    return project(drop_head(inputs, training=training))
