import functools

import keras
from keras import ops

from keras_mirror.encoder.training_arithmetic import is_fused
from keras_mirror.encoder.training_arithmetic import upstream_of


def lean_normalizations(backbone) -> None:
    """Makes layer normalizations take fewer operations in a step of training.

    Where nothing fuses operations, each of them reads and writes a whole
    tensor. Keras's normalization and its gradient take twice as many. The
    results are the same, and so is all that is not a step of training.

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
    gamma, beta = map(ops.convert_to_tensor, (layer.gamma, layer.beta))
    return _normalized(layer.epsilon)(inputs, gamma, beta)


def _normalized(epsilon: float):
    @ops.custom_gradient
    def normalized(inputs, gamma, beta):
        centered = inputs - _mean(inputs)
        root = ops.rsqrt(_mean(ops.square(centered)) + epsilon)
        normal = centered * root

        def gradient(*args, **options):
            upstream = upstream_of(*args, **options)
            change = upstream * gamma
            slope = change - normal * _mean(change * normal)
            return (
                root * (slope - _mean(change)),
                _sum_of_rows(upstream * normal),
                _sum_of_rows(upstream),
            )

        return normal * gamma + beta, gradient

    return normalized


def _mean(values):
    return ops.mean(values, axis=-1, keepdims=True)


def _sum_of_rows(values):
    return ops.sum(values, axis=tuple(range(len(values.shape) - 1)))
