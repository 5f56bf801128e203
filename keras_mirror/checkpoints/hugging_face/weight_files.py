import dataclasses
import functools
import pathlib
from collections.abc import Callable

import ml_dtypes  # noqa: F401, gives NumPy the bfloat16 of safetensors
import numpy as np
import safetensors

from keras_mirror.archive.weight_count import MAX_ITEMS
from keras_mirror.checkpoints.hugging_face.int8_rows import SCALE
from keras_mirror.checkpoints.hugging_face.int8_rows import from_int8_rows
from keras_mirror.checkpoints.hugging_face.torch_checkpoint import (
    read_torch_checkpoint,
)
from keras_mirror.file_kinds import IS_PAGE
from keras_mirror.file_kinds import IS_POINTER
from keras_mirror.file_kinds import kind_of_file
from keras_mirror.files import inner_path
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
    """A tensor of a checkpoint, read only when it is needed.

    Args:
        file: A `pathlib.Path`: the safetensors file that keras-hub can read
            the tensor from. `None` if it cannot.
        read: A function that returns the tensor as a NumPy array.
        shape: A tuple of integers. Empty if this package makes the tensor.
    """

    file: pathlib.Path | None
    read: Callable[[], np.ndarray]
    shape: tuple[int, ...] = ()


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
        _check_content(path)
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
    paths = [inner_path(index.parent, name) for name in shards]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f"The files that {index.name} names must lie beside it. Missing: "
            f"{', '.join(missing)}. Received: folder={index.parent}"
        )
    return paths


def _check_content(path: pathlib.Path) -> None:
    kind = kind_of_file(path)
    if kind in (IS_POINTER, IS_PAGE):
        raise ValueError(
            f"{path.name} must hold weights, but this one is {kind}. "
            f"Received: path={path}"
        )


def _torch(path: pathlib.Path) -> dict[str, StoredTensor]:
    arrays = read_torch_checkpoint(path)
    return {
        name: StoredTensor(
            None, functools.partial(arrays.__getitem__, name), array.shape
        )
        for name, array in arrays.items()
    }


def _safetensors(path: pathlib.Path) -> dict[str, StoredTensor]:
    tensors = {}
    try:
        with safetensors.safe_open(path, framework="np") as file:
            names = dict.fromkeys(file.keys())
            if len(names) > MAX_ITEMS:
                raise ValueError(
                    f"{path.name} must hold at most {MAX_ITEMS} tensors. "
                    f"Received: {len(names)} in path={path}"
                )
            for name in names:
                stored = file.get_slice(name)
                shape = tuple(stored.get_shape())
                is_int8 = name + SCALE in names
                dtype = stored.get_dtype()
                tensors[name] = _stored(path, name, dtype, shape, is_int8)
    except safetensors.SafetensorError as error:
        raise ValueError(
            f"{path.name} must be a safetensors file, but this one is damaged. "
            f"Received: path={path}, error={error}"
        ) from error
    return tensors


def _stored(
    path: pathlib.Path,
    name: str,
    dtype: str,
    shape: tuple[int, ...],
    is_int8: bool,
) -> StoredTensor:
    def read() -> np.ndarray:
        with safetensors.safe_open(path, framework="np") as file:
            tensor = file.get_tensor(name)
            if not is_int8:
                return tensor
            return from_int8_rows(tensor, file.get_tensor(name + SCALE))

    # keras-hub reads through NumPy, which has no types for other dtypes.
    is_readable = dtype in ("F32", "F16")
    return StoredTensor(path if is_readable else None, read, shape)


# keras-hub's converters look some models' weights up under a fixed prefix.
PREFIXES = {
    "albert": "albert.",
    "distilbert": "distilbert.",
    "roberta": "roberta.",
}
WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"
POSITION_EMBEDDINGS = "embeddings.position_embeddings.weight"
TOKEN_TYPE_EMBEDDINGS = "embeddings.token_type_embeddings.weight"

_BERT_LAYER = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "attention.output.LayerNorm",
    "intermediate.dense",
    "output.dense",
    "output.LayerNorm",
)
_DISTIL_BERT_LAYER = (
    "attention.q_lin",
    "attention.k_lin",
    "attention.v_lin",
    "attention.out_lin",
    "sa_layer_norm",
    "ffn.lin1",
    "ffn.lin2",
    "output_layer_norm",
)
_ALBERT_LAYER = (
    "attention.query",
    "attention.key",
    "attention.value",
    "attention.dense",
    "attention.LayerNorm",
    "ffn",
    "ffn_output",
    "full_layer_layer_norm",
)


def weight_names(config: dict) -> list[str]:
    """The names of weights that keras-hub's converter reads, without prefix.

    Args:
        config: A dict, as `complete_config` returns it.

    Returns:
        A list of names as current transformers writes them.
    """
    model_type = config["model_type"]
    names = [WORD_EMBEDDINGS, POSITION_EMBEDDINGS]
    if model_type != "distilbert":
        names.append(TOKEN_TYPE_EMBEDDINGS)
    parts = ["embeddings.LayerNorm", *_layers(config)]
    if model_type == "albert":
        parts.append("encoder.embedding_hidden_mapping_in")
    parts += pooler_parts(model_type)
    for part in parts:
        names += [f"{part}.weight", f"{part}.bias"]
    return names


def pooler_parts(model_type: str) -> list[str]:
    """The parts of the pooler, which masked language models lack.

    Args:
        model_type: String, a key of `DEFAULTS`.

    Returns:
        A list of zero or one names without `.weight` and `.bias`.
    """
    return {"albert": ["pooler"], "bert": ["pooler.dense"]}.get(model_type, [])


def _layers(config: dict) -> list[str]:
    if config["model_type"] == "distilbert":
        layers = [f"transformer.layer.{i}" for i in range(config["n_layers"])]
        parts = _DISTIL_BERT_LAYER
    elif config["model_type"] == "albert":
        layers = [
            f"encoder.albert_layer_groups.{group}.albert_layers.{i}"
            for group in range(config["num_hidden_groups"])
            for i in range(config["inner_group_num"])
        ]
        parts = _ALBERT_LAYER
    else:
        num_layers = config["num_hidden_layers"]
        layers = [f"encoder.layer.{i}" for i in range(num_layers)]
        parts = _BERT_LAYER
    return [f"{layer}.{part}" for layer in layers for part in parts]
