import numpy as np

from keras_mirror.checkpoints.hugging_face.weight_files import StoredTensor
from keras_mirror.checkpoints.hugging_face.weight_files import read_weight_files
from keras_mirror.checkpoints.hugging_face.weight_names import (
    POSITION_EMBEDDINGS,
)
from keras_mirror.checkpoints.hugging_face.weight_names import PREFIXES
from keras_mirror.checkpoints.hugging_face.weight_names import (
    TOKEN_TYPE_EMBEDDINGS,
)
from keras_mirror.checkpoints.hugging_face.weight_names import WORD_EMBEDDINGS
from keras_mirror.checkpoints.hugging_face.weight_names import pooler_parts
from keras_mirror.checkpoints.hugging_face.weight_names import weight_names

# The rows of RoBERTa's table of positions that keras-hub cuts off.
_NUM_RESERVED = 2


def keras_hub_weights(folder, config):
    """The weights of a Hugging Face folder, as keras-hub asks for them.

    Args:
        folder: A `pathlib.Path`.
        config: A dict, as `read_config` returns it.

    Returns:
        A tuple `(tensors, config)`: a dict of the names that keras-hub looks
        up to `StoredTensor`s, and the configuration that fits them.
    """
    weights = read_weight_files(folder)
    prefix = _prefix(weights, folder)
    new_prefix = PREFIXES.get(config["model_type"], prefix)
    tensors = {}
    for name in weight_names(config):
        tensor = _find(weights, prefix, name, new_prefix)
        tensors[name] = tensor or _unused(name, config)
    missing = [prefix + name for name in tensors if tensors[name] is None]
    if missing:
        raise ValueError(
            f"The weights must be those of a {config['model_type']!r} model "
            f"as deep as config.json says. {len(missing)} tensors are "
            f"missing, the first is {missing[0]!r}. Received: folder={folder}"
        )
    if config["model_type"] in ("roberta", "xlm-roberta"):
        tensors, config = _shift_positions(tensors, config)
    return {new_prefix + name: tensors[name] for name in tensors}, config


def _prefix(weights, folder):
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


def _find(weights, prefix, name, new_prefix):
    old_name = name.replace("LayerNorm.weight", "LayerNorm.gamma")
    old_name = old_name.replace("LayerNorm.bias", "LayerNorm.beta")
    for key in (prefix + name, prefix + old_name):
        if key in weights:
            in_place = key == new_prefix + name
            return weights[key] if in_place else _moved(weights[key].read)
    return None


def _unused(name, config):
    """Zeros for what a checkpoint may lack, because no text goes through."""
    size = config.get("hidden_size")
    (pooler,) = pooler_parts(config["model_type"]) or [None]
    shapes = {f"{pooler}.weight": (size, size), f"{pooler}.bias": (size,)}
    if "roberta" in config["model_type"]:
        shapes[TOKEN_TYPE_EMBEDDINGS] = (1, size)
    if name not in shapes:
        return None
    return _moved(lambda: np.zeros(shapes[name], "float32"))


def _shift_positions(tensors, config):
    """Makes RoBERTa's positions what keras-hub takes them for.

    They start behind the padding's id, which keras-hub takes to be 1. For
    RoBERTa its converter also leaves out the embedding of the only segment,
    which is zero in the released weights but not after training.
    """
    segment = np.zeros((), "float32")
    if config["model_type"] == "roberta":
        segment = tensors[TOKEN_TYPE_EMBEDDINGS].read()[0].astype("float32")
    first = config["pad_token_id"] + 1
    if first == _NUM_RESERVED and not segment.any():
        return tensors, config
    table = tensors[POSITION_EMBEDDINGS].read().astype("float32")
    table = np.pad(table[first:] + segment, ((_NUM_RESERVED, 0), (0, 0)))
    shifted = {**tensors, POSITION_EMBEDDINGS: _moved(lambda: table)}
    return shifted, {**config, "max_position_embeddings": len(table)}


def _moved(read):
    return StoredTensor(None, read)
