import json
import math

import keras
import numpy as np

from keras_mirror.export.backends import check_export_backend
from keras_mirror.export.forward_model import INPUT_NAMES
from keras_mirror.export.forward_model import forward_model
from keras_mirror.export.onnx.from_tensorflow import onnx_from_tensorflow
from keras_mirror.export.onnx.from_torch import onnx_from_torch
from keras_mirror.export.onnx.int8 import store_int8_kernels
from keras_mirror.export.settings import export_settings
from keras_mirror.optional import import_optional

OPSET = 18  # the least of PyTorch's exporter, the most of tf2onnx 1.17
MAX_BYTES = 2**31  # of a file of protobuf


def onnx_model(model, normalize=False):
    """A model as ONNX, not yet written: see `export_onnx`.

    Args:
        model: A `MirrorModel`.
        normalize: Boolean, whether vectors get length 1. Defaults to `False`.

    Returns:
        An `onnx.ModelProto`.

    Raises:
        ValueError: This backend cannot convert the model, or it is too large.
    """
    backend = keras.backend.backend()
    check_export_backend("onnx", backend)
    onnx = import_optional("onnx", extra="onnx")
    forward = forward_model(model, normalize)
    _check_size(forward)
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


def _check_size(forward):
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


def _name_dimensions(graph):
    """Says `batch` and `length` where converters number what is free."""
    inputs = {value.name: value for value in graph.input}
    names = {name: ("batch", "length") for name in INPUT_NAMES}
    for name, dimensions in names.items():
        shape = inputs[name].type.tensor_type.shape
        for dimension, text in zip(shape.dim, dimensions, strict=True):
            dimension.dim_param = text
    graph.output[0].type.tensor_type.shape.dim[0].dim_param = "batch"
