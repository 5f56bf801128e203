import contextlib
import json
import logging
import math
import warnings
from collections.abc import Iterator

import keras
import numpy as np

from keras_mirror.export.backends import check_export_backend
from keras_mirror.export.forward_model import INPUT_NAMES
from keras_mirror.export.forward_model import export_settings
from keras_mirror.export.forward_model import forward_model
from keras_mirror.export.onnx.from_tensorflow import onnx_from_tensorflow
from keras_mirror.export.onnx.from_torch import onnx_from_torch
from keras_mirror.optional import import_optional

OPSET = 18  # minimum of PyTorch's exporter, maximum of tf2onnx 1.17
MAX_BYTES = 2**31  # limit of protobuf files


def onnx_model(model, normalize: bool = False):
    """Converts a model to an `onnx.ModelProto`: see `export_onnx`.

    Raises:
        ValueError: This backend cannot convert the model, or the model is too
            large.
    """
    backend = keras.backend.backend()
    check_export_backend("onnx", backend)
    onnx = import_optional("onnx", extra="onnx")
    forward = forward_model(model, normalize)
    _check_size(forward)
    with _quiet():
        if backend == "tensorflow":
            proto = onnx_from_tensorflow(forward, OPSET)
        else:
            backbone = getattr(model.encoder, "backbone", None)
            max_length = getattr(backbone, "max_sequence_length", None)
            proto = onnx_from_torch(forward, OPSET, max_length)
    _name_dimensions(proto.graph)
    for node in proto.graph.node:  # PyTorch writes paths of source files
        node.ClearField("metadata_props")
    store_int8_kernels(proto.graph)
    settings = export_settings(model, normalize)
    texts = {name: json.dumps(value) for name, value in settings.items()}
    onnx.helper.set_model_props(proto, texts)
    onnx.checker.check_model(proto)
    return proto


def _check_size(forward) -> None:
    num_bytes = sum(
        math.prod(weight.shape) * np.dtype(weight.dtype).itemsize
        for weight in forward.weights
    )
    if num_bytes >= MAX_BYTES:
        raise ValueError(
            "An ONNX file must hold less than 2 GB. Received: an encoder of "
            f"{num_bytes / 1e9:.1f} GB. `model.quantize('int8')` makes most "
            "of it four times smaller"
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hides logs and warnings of converters; errors stay."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _name_dimensions(graph) -> None:
    """Names the dynamic dimensions, which converters only number."""
    inputs = {value.name: value for value in graph.input}
    for name in INPUT_NAMES:
        batch, length = inputs[name].type.tensor_type.shape.dim
        batch.dim_param, length.dim_param = "batch", "length"
    graph.output[0].type.tensor_type.shape.dim[0].dim_param = "batch"


_ONE = "keras_mirror/one"


def store_int8_kernels(graph) -> None:
    """Stores kernels that Keras quantized as int8, not as float32.

    Converters fold the cast of such kernels to float32 into constants:
    TensorFlow's converter when it writes the file, OpenVINO when it reads it. A
    `DequantizeLinear` of scale 1 is the same cast, but neither folds it.

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
