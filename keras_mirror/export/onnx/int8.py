import numpy as np

from keras_mirror.optional import import_optional

_ONE = "keras_mirror/one"


def store_int8_kernels(graph) -> None:
    """Stores kernels that Keras quantized as int8, not as float32.

    Converters fold constants, here the cast of such kernels to float32:
    TensorFlow's when it writes the file, OpenVINO when it reads it. A
    `DequantizeLinear` of scale 1 is the same cast, which neither folds.

    Args:
        graph: An `onnx.GraphProto`, changed in place.
    """
    onnx = import_optional("onnx", extra="onnx")
    num_casts = _replace_casts(onnx, graph)
    for tensor in graph.initializer:
        kernel = _int8_kernel(onnx, tensor)
        if kernel is not None:
            stored = onnx.numpy_helper.from_array(kernel, f"{tensor.name}/int8")
            graph.node.insert(0, _cast(onnx, stored.name, tensor.name))
            tensor.CopyFrom(stored)
            num_casts += 1
    if num_casts:
        one = onnx.numpy_helper.from_array(np.float32(1), _ONE)
        graph.initializer.append(one)


def _cast(onnx, source: str, name: str):
    return onnx.helper.make_node("DequantizeLinear", [source, _ONE], [name])


def _replace_casts(onnx, graph) -> int:
    """Replaces the casts of int8 kernels by ours, and counts them."""
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


def _int8_kernel(onnx, tensor):
    """A kernel as int8, or `None` if that would change it."""
    if tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.dims) < 2:
        return None
    array = onnx.numpy_helper.to_array(tensor)
    kernel = np.clip(array, -127, 127).astype("int8")
    return kernel if np.array_equal(array, kernel) else None
