"""Matrices that are stored as int8, with a scale for each row.

A table of embeddings takes a quarter of the bytes that way; it becomes float32
when it is read. Only this package reads such files.
"""

import os
import pathlib

import numpy as np
import safetensors.numpy

SCALE = ".scale"  # after the name of the matrix
_LARGEST = 127


def to_int8_rows(matrix) -> tuple[np.ndarray, np.ndarray]:
    """Quantizes a matrix to int8, with one scale per row.

    Args:
        matrix: Array of shape `(num_rows, num_columns)`.

    Returns:
        A tuple of an int8 array of this shape and a float32 array of shape
        `(num_rows, 1)`. Their product is off by half a scale at most.

    Example:

    >>> integers, scales = to_int8_rows(np.array([[0.5, -1.0], [0.0, 0.0]]))
    >>> integers.tolist()
    [[64, -127], [0, 0]]
    >>> from_int8_rows(integers, scales).round(2).tolist()
    [[0.5, -1.0], [0.0, 0.0]]
    """
    matrix = np.asarray(matrix, "float32")
    scales = np.max(np.abs(matrix), axis=1, keepdims=True) / _LARGEST
    safe = np.where(scales > 0, scales, 1.0)
    return np.rint(matrix / safe).astype("int8"), scales.astype("float32")


def from_int8_rows(integers, scales) -> np.ndarray:
    """Restores a float32 matrix from `to_int8_rows`, up to rounding.

    Raises:
        ValueError: There is not exactly one scale per row.
    """
    if integers.ndim != 2 or scales.shape != (len(integers), 1):
        raise ValueError(
            "A matrix of int8 must have a scale for each row. Received: the "
            f"shapes {integers.shape} and {scales.shape}"
        )
    return np.asarray(integers, "float32") * np.asarray(scales, "float32")


def store_int8_rows(path: str | os.PathLike[str], name: str) -> None:
    """Rewrites a file of weights: one matrix as int8, all others as float16.

    Args:
        path: String or path of a safetensors file.
        name: String, the name of the matrix.
    """
    path = pathlib.Path(path)
    tensors = safetensors.numpy.load_file(path)
    integers, scales = to_int8_rows(tensors[name])
    tensors = {key: x.astype("float16") for key, x in tensors.items()}
    tensors |= {name: integers, name + SCALE: scales}
    safetensors.numpy.save_file(tensors, path, {"format": "pt"})
    path.chmod(0o644)  # a new file would be readable by its owner only
