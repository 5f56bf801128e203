import functools
import math

import keras
from keras import ops

from keras_mirror.encoder.training_arithmetic import activation_for_training
from keras_mirror.encoder.training_arithmetic import product_of


def flatten_projections(backbone) -> None:
    """Makes dense layers multiply all tokens of a batch by a kernel at once.

    On TensorFlow, `EinsumDense` of Keras 3.15 multiplies text by text: it
    computes a gradient of the whole kernel for every text of the batch and sums
    them. `Dense` does not, but TensorFlow fuses its product, bias and
    activation only if no reshape comes between. The results are the same.

    Kernels that Keras quantized to int8 are multiplied in float too. Keras
    itself would also round the inputs to int8 and multiply integers, which
    takes several times longer in TensorFlow on a CPU.

    Args:
        backbone: A `keras_hub.models.Backbone`, changed in place.

    Example:

    >>> flatten_projections(backbone)
    """
    for layer in backbone._flatten_layers():
        num_axes = _num_contracted_axes(layer)
        if num_axes and _has_plain_bias(layer, num_axes):
            layer.call = functools.partial(_project, layer, num_axes)
            layer.quantized_call = functools.partial(
                _project_quantized, layer, num_axes
            )


def _num_contracted_axes(layer) -> int:
    """2 for `"abcd,cde->abe"`; 0 if the kernel is not simply at the end."""
    if isinstance(layer, keras.layers.Dense):
        return 1
    if not isinstance(layer, keras.layers.EinsumDense):
        return 0
    inputs, rest = layer.equation.split(",")
    kernel, outputs = rest.split("->")
    for num_axes in range(1, len(kernel)):
        start, end = inputs[:-num_axes], inputs[-num_axes:]
        if kernel.startswith(end) and outputs == start + kernel[num_axes:]:
            return num_axes
    return 0


def _has_plain_bias(layer, num_axes: int) -> bool:
    shape = layer.kernel.shape[num_axes:]
    return layer.bias is None or tuple(layer.bias.shape) == tuple(shape)


def _project_quantized(layer, num_axes: int, inputs, training=None):
    if layer.quantization_mode == "int8":
        return _project(layer, num_axes, inputs)
    return type(layer).quantized_call(layer, inputs)


def _project(layer, num_axes: int, inputs, training=None):
    kernel_shape = layer.kernel.shape
    num_features = math.prod(kernel_shape[:num_axes])
    kernel = ops.reshape(layer.kernel, (num_features, -1))
    is_int8 = layer.quantization_mode == "int8"
    if is_int8:
        kernel = ops.cast(kernel, layer.compute_dtype)
    outputs = product_of(ops.reshape(inputs, (-1, num_features)), kernel)
    if is_int8:
        outputs = ops.divide(outputs, ops.reshape(layer.kernel_scale, (-1,)))
    if layer.bias is not None:
        outputs = ops.add(outputs, ops.reshape(layer.bias, (-1,)))
    activation = activation_for_training(layer.activation)
    # Before the shape is restored, so that TensorFlow fuses it with the
    # product.
    if activation is not None and len(kernel_shape) == num_axes + 1:
        outputs = activation(outputs)
    batch_shape = ops.shape(inputs)[:-num_axes]
    outputs = ops.reshape(outputs, (*batch_shape, *kernel_shape[num_axes:]))
    if activation is not None and len(kernel_shape) > num_axes + 1:
        outputs = activation(outputs)
    return outputs
