"""The arithmetic of a graph: float32, bfloat16 or int8."""

import os

import numpy as np

from keras_mirror.optional import import_optional
from keras_mirror.processor import processor_has

PRECISIONS = ("float32", "bfloat16", "int8")
# OpenVINO rounds the inputs of a product to int8 in groups of this size, each
# with a scale. 32, its default, is slower; 128 loses more precision.
_GROUP_SIZE = 64
# The fastest of 1,024, 2,048, 4,096 and 8,192 on MiniLM: larger batches do not
# fit into the processor's cache. benchmarks/results/encoding.md has the
# figures.
_BATCH_TOKENS = {"float32": 2048, "bfloat16": 2048, "int8": 1024}
SAMPLE_SIZE = 256  # texts to measure the change of a precision


def check_precision(precision: str) -> str:
    """Checks and returns the name of a precision.

    Raises:
        ValueError: It is not one of `PRECISIONS`.

    Example:

    >>> check_precision("int8")
    'int8'
    """
    if precision not in PRECISIONS:
        raise ValueError(
            f"`precision` must be one of {', '.join(PRECISIONS)}. "
            f"Received: precision={precision!r}"
        )
    return precision


def has_bfloat16() -> bool:
    """Whether this processor says that it multiplies in bfloat16."""
    return processor_has("avx512_bf16", "amx_bf16")


def settings_of(precision: str) -> dict[str, str]:
    """The settings of OpenVINO for a precision."""
    hint = "bf16" if precision == "bfloat16" else "f32"
    settings = {
        "INFERENCE_PRECISION_HINT": hint,
        "INFERENCE_NUM_THREADS": str(num_processors()),
        "NUM_STREAMS": str(num_streams(precision)),
    }
    if precision == "int8":
        settings["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = str(_GROUP_SIZE)
    return settings


def num_processors() -> int:
    """The processors that this process may use; OpenVINO counts fewer."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def num_streams(precision: str) -> int:
    """The number of batches that are computed in parallel.

    The products of a batch are too small for more than four threads. In
    bfloat16 they are faster still: one thread per batch encodes a fifth more
    texts on two cores. In float32 it encodes as many, but a single query would
    then have only one thread.
    """
    num_threads = 1 if precision == "bfloat16" else 4
    return max(1, num_processors() // num_threads)


def batch_tokens(precision: str) -> int:
    """The maximum number of tokens per batch if no batch size is given."""
    return _BATCH_TOKENS[precision]


def round_kernels(graph) -> None:
    """Rounds the kernels of a graph to int8, with a scale for each output.

    Args:
        graph: An `openvino.Model`, changed in place.
    """
    for node in graph.get_ops():
        if node.get_type_name() != "MatMul":
            continue
        kernel = node.input_value(1).get_node()
        if kernel.get_type_name() == "Constant":
            rounded = _rounded(np.array(kernel.data))
            node.input(1).replace_source_output(rounded.output(0))


def _rounded(kernel):
    nodes = import_optional("openvino.opset15", extra="openvino")
    scale = np.abs(kernel).max(axis=0, keepdims=True) / 127
    scale = np.where(scale > 0, scale, 1).astype("float32")
    whole = np.rint(kernel / scale).astype("int8")
    floats = nodes.convert(nodes.constant(whole), "f32")
    return nodes.multiply(floats, scale)
