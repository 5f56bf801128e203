import numpy as np

from keras_mirror.optional import import_optional

_ONE = "keras_mirror/one"


def store_whole_numbers(graph):
    """Stores kernels that Keras quantized to int8 in a byte a weight.

    Converters compute what is constant, here the cast of such kernels to
    float32, and write the result. A `DequantizeLinear` of scale 1 is that
    cast, and one that runtimes do not compute in advance.

    Args:
        graph: An `onnx.GraphProto`, changed in place.
    """
    onnx = import_optional("onnx", extra="onnx")
    names = []
    for tensor in graph.initializer:
        whole = _whole_numbers(onnx, tensor)
        if whole is not None:
            names.append(tensor.name)
            stored = onnx.numpy_helper.from_array(whole, f"{tensor.name}/int8")
            tensor.CopyFrom(stored)
    if names:
        one = onnx.numpy_helper.from_array(np.float32(1), _ONE)
        graph.initializer.append(one)
    for name in names:
        node = onnx.helper.make_node(
            "DequantizeLinear", [f"{name}/int8", _ONE], [name]
        )
        graph.node.insert(0, node)


def _whole_numbers(onnx, tensor):
    """A kernel as int8, or `None` where that would change it."""
    if tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.dims) < 2:
        return None
    array = onnx.numpy_helper.to_array(tensor)
    whole = np.clip(array, -127, 127).astype("int8")
    return whole if np.array_equal(array, whole) else None
