"""A Hugging Face folder as keras-hub's own converters can read it."""

import contextlib
import pathlib
import shutil
import tempfile
from collections.abc import Callable
from collections.abc import Iterator

import numpy as np
import safetensors.numpy

from keras_mirror.checkpoints.hugging_face.weight_files import (
    POSITION_EMBEDDINGS,
)
from keras_mirror.checkpoints.hugging_face.weight_files import PREFIXES
from keras_mirror.checkpoints.hugging_face.weight_files import (
    TOKEN_TYPE_EMBEDDINGS,
)
from keras_mirror.checkpoints.hugging_face.weight_files import WORD_EMBEDDINGS
from keras_mirror.checkpoints.hugging_face.weight_files import StoredTensor
from keras_mirror.checkpoints.hugging_face.weight_files import pooler_parts
from keras_mirror.checkpoints.hugging_face.weight_files import read_weight_files
from keras_mirror.checkpoints.hugging_face.weight_files import weight_names
from keras_mirror.checkpoints.hugging_face.weight_sizes import (
    check_weight_sizes,
)
from keras_mirror.files import write_json

_REWRITTEN = "rewritten.safetensors"
# Parts of the names that the PEFT library gives to weights.
_ADAPTER_PARTS = ("lora_", ".base_layer.", "base_model.model.")
# keras-hub cuts these rows off RoBERTa's table of positions.
_NUM_RESERVED = 2


@contextlib.contextmanager
def keras_hub_view(folder: pathlib.Path, config: dict) -> Iterator[str]:
    """Yields a temporary folder with the same model, readable by keras-hub.

    Tensors that suit keras-hub stay in their files, which may be large and are
    linked. The others are written to a new file: tensors of
    `pytorch_model.bin`, tensors that are neither float32 nor float16, tensors
    under other names, and zeros for tensors that are missing but unused, such
    as the pooler of a masked language model.

    Args:
        folder: A `pathlib.Path`, the Hugging Face folder.
        config: A dict, as `complete_config` returns it.

    Yields:
        The path of the temporary folder as a string. The folder is deleted
        at the end.
    """
    tensors, config = keras_hub_weights(folder, config)
    with tempfile.TemporaryDirectory() as name:
        view = pathlib.Path(name)
        links = _link_files(view, tensors)
        _write_rewritten(view, tensors)
        weight_map = {
            name: links[tensor.file] if tensor.file else _REWRITTEN
            for name, tensor in tensors.items()
        }
        index = {"weight_map": weight_map}
        write_json(view / "model.safetensors.index.json", index)
        write_json(view / "config.json", config)
        yield str(view)


def keras_hub_weights(
    folder: pathlib.Path, config: dict
) -> tuple[dict[str, StoredTensor], dict]:
    """The weights of a Hugging Face folder, as keras-hub asks for them.

    Args:
        folder: A `pathlib.Path`.
        config: A dict, as `complete_config` returns it.

    Returns:
        A tuple `(tensors, config)`: a dict from the names that keras-hub looks
        up to `StoredTensor`s, and the configuration that fits them.
    """
    weights = read_weight_files(folder)
    _check_no_adapters(weights, folder)
    prefix = _prefix(weights, folder)
    check_weight_sizes(weights, prefix, config, folder)
    new_prefix = PREFIXES.get(config["model_type"], prefix)
    tensors, missing = {}, []
    for name in weight_names(config):
        tensor = _find(weights, prefix, name, new_prefix)
        tensor = tensor or _unused(name, config)
        if tensor is None:
            missing.append(prefix + name)
        else:
            tensors[name] = tensor
    if missing:
        raise ValueError(
            f"The weights must be those of a {config['model_type']!r} model "
            f"with as many layers as config.json says. {len(missing)} tensors "
            f"are missing, the first is {missing[0]!r}. Received: "
            f"folder={folder}"
        )
    if config["model_type"] in ("roberta", "xlm-roberta"):
        tensors, config = _shift_positions(tensors, config)
    return {new_prefix + name: tensors[name] for name in tensors}, config


def _link_files(
    view: pathlib.Path, tensors: dict[str, StoredTensor]
) -> dict[pathlib.Path, str]:
    links: dict[pathlib.Path, str] = {}
    for file in {tensor.file for tensor in tensors.values() if tensor.file}:
        links[file] = f"original-{len(links)}.safetensors"
        try:
            (view / links[file]).symlink_to(file.resolve())
        except OSError:  # Windows asks for further rights
            shutil.copyfile(file, view / links[file])
    return links


def _write_rewritten(
    view: pathlib.Path, tensors: dict[str, StoredTensor]
) -> None:
    arrays = {
        name: np.ascontiguousarray(tensor.read(), dtype="float32")
        for name, tensor in tensors.items()
        if tensor.file is None
    }
    if arrays:
        safetensors.numpy.save_file(arrays, view / _REWRITTEN)


def _check_no_adapters(
    weights: dict[str, StoredTensor], folder: pathlib.Path
) -> None:
    found = [n for n in weights if any(part in n for part in _ADAPTER_PARTS)]
    if found:
        raise ValueError(
            "The weights must be those of a whole model, but these contain "
            "adapters of the PEFT library. Merge them with `merge_and_unload` "
            f"and save the model again. Received: {len(found)} of "
            f"{len(weights)} tensors, such as {found[0]!r}, in folder={folder}"
        )


def _prefix(weights: dict[str, StoredTensor], folder: pathlib.Path) -> str:
    prefixes = [
        name.removesuffix(WORD_EMBEDDINGS)
        for name in weights
        if name.endswith(WORD_EMBEDDINGS)
    ]
    if not prefixes:
        raise ValueError(
            f"The weights must hold a tensor {WORD_EMBEDDINGS!r}, with or "
            f"without a prefix. Received: folder={folder}"
        )
    return min(prefixes, key=len)


def _find(
    weights: dict[str, StoredTensor], prefix: str, name: str, new_prefix: str
) -> StoredTensor | None:
    old_name = name.replace("LayerNorm.weight", "LayerNorm.gamma")
    old_name = old_name.replace("LayerNorm.bias", "LayerNorm.beta")
    for key in (prefix + name, prefix + old_name):
        if key in weights:
            in_place = key == new_prefix + name
            return weights[key] if in_place else _moved(weights[key].read)
    return None


def _unused(name: str, config: dict) -> StoredTensor | None:
    """Zeros for weights that a checkpoint may lack, since no text uses them."""
    size = config.get("hidden_size", 0)
    shapes: dict[str, tuple[int, ...]] = {}
    for pooler in pooler_parts(config["model_type"]):
        shapes[f"{pooler}.weight"] = (size, size)
        shapes[f"{pooler}.bias"] = (size,)
    if "roberta" in config["model_type"]:
        shapes[TOKEN_TYPE_EMBEDDINGS] = (1, size)
    if name not in shapes:
        return None
    return _moved(lambda: np.zeros(shapes[name], "float32"))


def _shift_positions(
    tensors: dict[str, StoredTensor], config: dict
) -> tuple[dict[str, StoredTensor], dict]:
    """Moves RoBERTa's positions to where keras-hub expects them.

    They start after the id of the padding, which keras-hub assumes to be 1. For
    RoBERTa its converter also leaves out the embedding of the only segment,
    which is zero in the released weights but not after training.
    """
    segment = np.zeros((), "float32")
    if config["model_type"] == "roberta":
        segment = tensors[TOKEN_TYPE_EMBEDDINGS].read()[0].astype("float32")
    first = config["pad_token_id"] + 1
    if first == _NUM_RESERVED and not segment.any():
        return tensors, config
    if first >= config["max_position_embeddings"]:
        raise ValueError(
            "`pad_token_id` must be smaller than the number of positions. "
            f"Received: pad_token_id={first - 1}, "
            f"max_position_embeddings={config['max_position_embeddings']}"
        )
    table = tensors[POSITION_EMBEDDINGS].read().astype("float32")
    table = np.pad(table[first:] + segment, ((_NUM_RESERVED, 0), (0, 0)))
    shifted = {**tensors, POSITION_EMBEDDINGS: _moved(lambda: table)}
    return shifted, {**config, "max_position_embeddings": len(table)}


def _moved(read: Callable[[], np.ndarray]) -> StoredTensor:
    return StoredTensor(None, read)
