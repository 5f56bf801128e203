"""The machine's own rate of products of matrices, by their precision."""

import time

import numpy as np
import openvino
import torch
from openvino import opset13 as opset

NUM_ROWS = (512, 2048, 6400)
HINTS = {"float32": "f32", "bfloat16": "bf16"}


def matrix_rate(inner, columns, precision):
    """Floating-point operations a second, of the best of libraries and sizes.

    One library would be no floor: another may be faster on this processor.
    """
    return max(
        2 * rows * inner * columns / least_seconds(product)
        for make in (torch_product, openvino_product)
        for rows in NUM_ROWS
        for product in [make(rows, inner, columns, precision)]
    )


def least_seconds(product):
    """The least of thirty."""
    seconds = []
    for _ in range(30):
        start = time.perf_counter()
        product()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def torch_product(rows, inner, columns, precision):
    dtype = getattr(torch, precision)
    left = torch.randn(rows, inner, dtype=dtype)
    right = torch.randn(inner, columns, dtype=dtype)
    result = torch.empty(rows, columns, dtype=dtype)
    return lambda: torch.matmul(left, right, out=result)


def openvino_product(rows, inner, columns, precision):
    """A product with a constant, which is packed once."""
    weights = np.random.randn(inner, columns).astype("float32")
    given = opset.parameter([rows, inner], np.float32)
    product = opset.matmul(given, opset.constant(weights), False, False)
    model = openvino.Model([product], [given])
    settings = {"INFERENCE_PRECISION_HINT": HINTS[precision]}
    compiled = openvino.compile_model(model, "CPU", settings)
    request = compiled.create_infer_request()
    request.infer({0: np.random.randn(rows, inner).astype("float32")})
    return request.infer  # of the same rows again
