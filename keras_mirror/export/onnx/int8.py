import numpy as np

from keras_mirror.optional import import_optional

_ONE = "keras_mirror/one"


def store_int8_kernels(graph):
    """Stores kernels that Keras quantized to int8 in a byte a weight.

    Converters compute what is constant, here the cast of such kernels to
    float32, and write the result: TensorFlow's in the file, OpenVINO where it
    reads the file. A `DequantizeLinear` of scale 1 is that cast, and one that
    nobody computes in advance.

    Args:
        graph: An `onnx.GraphProto`, changed in place.
    """
    onnx = import_optional("onnx", extra="onnx")
    num_casts = _replace_casts(onnx, graph)
    for tensor in graph.initializer:
        whole = _whole_numbers(onnx, tensor)
        if whole is not None:
            stored = onnx.numpy_helper.from_array(whole, f"{tensor.name}/int8")
            graph.node.insert(0, _cast(onnx, stored.name, tensor.name))
            tensor.CopyFrom(stored)
            num_casts += 1
    if num_casts:
        one = onnx.numpy_helper.from_array(np.float32(1), _ONE)
        graph.initializer.append(one)


def _cast(onnx, source, name):
    return onnx.helper.make_node("DequantizeLinear", [source, _ONE], [name])


def _replace_casts(onnx, graph):
    """Puts our casts in the place of those of int8 kernels; counts them."""
    types = onnx.TensorProto
    tensors = graph.initializer
    kernels = {each.name for each in tensors if each.data_type == types.INT8}
    num_casts = 0
    for node in graph.node:
        if not kernels.intersection(node.input[:1]):
            continue
        if node.op_type in ("Reshape", "Transpose"):
            kernels.add(node.output[0])
        elif node.op_type == "Cast" and node.attribute[0].i == types.FLOAT:
            node.CopyFrom(_cast(onnx, node.input[0], node.output[0]))
            num_casts += 1
    return num_casts


def _whole_numbers(onnx, tensor):
    """A kernel as int8, or `None` where that would change it."""
    if tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.dims) < 2:
        return None
    array = onnx.numpy_helper.to_array(tensor)
    whole = np.clip(array, -127, 127).astype("int8")
    return whole if np.array_equal(array, whole) else None
