import functools

import keras
from keras import ops

from keras_mirror.encoder.training_arithmetic import is_fused


def lean_normalizations(backbone) -> None:
    """Makes layer normalizations use fewer operations in a training step.

    If no compiler fuses operations, each of them reads and writes a whole
    tensor. Keras's normalization and its gradient use twice as many. The
    results are the same, and nothing changes outside training steps.

    Args:
        backbone: A `keras_hub.models.Backbone`, changed in place.

    Example:

    >>> lean_normalizations(backbone)
    """
    for layer in backbone._flatten_layers():
        is_normalization = type(layer) is keras.layers.LayerNormalization
        if is_normalization and layer.center and layer.scale:
            plain = type(layer).call
            layer.call = functools.partial(_call, layer, plain)


def _call(layer, plain, inputs):
    is_last = layer.axis in (-1, [-1], [len(inputs.shape) - 1])
    is_float32 = layer.compute_dtype == "float32"
    if not (is_fused() and is_last and is_float32) or layer.rms_scaling:
        return plain(layer, inputs)
    centered = inputs - _mean(inputs)
    root = ops.rsqrt(_mean(ops.square(centered)) + layer.epsilon)
    return centered * root * layer.gamma + layer.beta


def _mean(values):
    return ops.mean(values, axis=-1, keepdims=True)
