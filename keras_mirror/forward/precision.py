"""The arithmetic of a graph: float32, bfloat16 or int8."""

import os

import numpy as np

from keras_mirror.optional import import_optional
from keras_mirror.processor import processor_has

PRECISIONS = ("float32", "bfloat16", "int8")
# OpenVINO rounds the inputs of a product to int8 in groups of so many, each
# with a scale. 32, its default, is slower; 128 loses more.
_GROUP_SIZE = 64
# Of 1,024, 2,048, 4,096 and 8,192 the fastest on MiniLM: batches of more do not
# stay in the cache. benchmarks/results/encoding.md has the figures.
_BATCH_TOKENS = {"float32": 2048, "bfloat16": 2048, "int8": 1024}
SAMPLE_SIZE = 256  # texts that tell how much a precision changes


def check_precision(precision: str) -> str:
    """A precision, if it is one.

    Raises:
        ValueError: It is not.

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
    """Whether this processor multiplies in bfloat16, as far as it tells."""
    return processor_has("avx512_bf16", "amx_bf16")


def settings_of(precision: str) -> dict[str, str]:
    """What OpenVINO must be told to compute in a precision."""
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
    """Those that this process may use, of which OpenVINO counts fewer."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def num_streams(precision: str) -> int:
    """How many batches are computed beside each other.

    The products of a batch are too small for more than four threads. Those of
    bfloat16 are quicker still, and threads that wait for nobody encode a fifth
    more on two cores. With float32 they encode as many, and a query, alone in
    its batch, would have one thread.
    """
    num_threads = 1 if precision == "bfloat16" else 4
    return max(1, num_processors() // num_threads)


def batch_tokens(precision: str) -> int:
    """The most tokens of a batch, if it has no size."""
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
