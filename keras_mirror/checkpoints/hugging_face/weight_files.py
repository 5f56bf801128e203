import dataclasses
import functools
import pathlib
from collections.abc import Callable

import ml_dtypes  # noqa: F401, gives NumPy the bfloat16 of safetensors
import numpy as np
import safetensors

from keras_mirror.checkpoints.hugging_face.torch_checkpoint import (
    read_torch_checkpoint,
)
from keras_mirror.files import read_json

# In the order in which transformers looks for them.
WEIGHT_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)


@dataclasses.dataclass(frozen=True)
class StoredTensor:
    """A tensor of a checkpoint, read only where it is needed.

    Args:
        file: A `pathlib.Path`: the safetensors file that keras-hub can read
            the tensor from. `None` if it cannot.
        read: A function that returns the tensor as a NumPy array.
    """

    file: pathlib.Path | None
    read: Callable[[], np.ndarray]


def read_weight_files(folder: pathlib.Path) -> dict[str, StoredTensor]:
    """Finds the tensors in the weight files of a Hugging Face folder.

    Args:
        folder: A `pathlib.Path`.

    Returns:
        A dict of names to `StoredTensor`s.
    """
    for name in WEIGHT_FILES:
        path = folder / name
        if path.is_file():
            break
    else:
        raise FileNotFoundError(
            f"A Hugging Face folder must hold its weights as one of "
            f"{', '.join(WEIGHT_FILES)}. Received: folder={folder}"
        )
    paths = _shards(path) if path.suffix == ".json" else [path]
    tensors: dict[str, StoredTensor] = {}
    for path in paths:
        is_torch = path.suffix == ".bin"
        tensors.update(_torch(path) if is_torch else _safetensors(path))
    return tensors


def _shards(index: pathlib.Path) -> list[pathlib.Path]:
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict):
        raise ValueError(
            f"{index.name} must hold a `weight_map`. Received: path={index}"
        )
    shards = sorted({str(name) for name in weight_map.values()})
    missing = [name for name in shards if not (index.parent / name).is_file()]
    if missing:
        raise FileNotFoundError(
            f"The files that {index.name} names must lie beside it. Missing: "
            f"{', '.join(missing)}. Received: folder={index.parent}"
        )
    return [index.parent / name for name in shards]


def _torch(path: pathlib.Path) -> dict[str, StoredTensor]:
    arrays = read_torch_checkpoint(path)
    return {
        name: StoredTensor(None, functools.partial(arrays.__getitem__, name))
        for name in arrays
    }


def _safetensors(path: pathlib.Path) -> dict[str, StoredTensor]:
    tensors = {}
    try:
        with safetensors.safe_open(path, framework="np") as file:
            for name in file.keys():
                dtype = file.get_slice(name).get_dtype()
                tensors[name] = _stored(path, name, dtype)
    except safetensors.SafetensorError as error:
        raise ValueError(
            f"{path.name} must be a safetensors file, this one is damaged. "
            f"Received: path={path}, error={error}"
        ) from error
    return tensors


def _stored(path: pathlib.Path, name: str, dtype: str) -> StoredTensor:
    def read() -> np.ndarray:
        with safetensors.safe_open(path, framework="np") as file:
            return file.get_tensor(name)

    # keras-hub reads through NumPy, which has no type of its own for others.
    return StoredTensor(path if dtype in ("F32", "F16") else None, read)
