import math
import pathlib
from collections.abc import Collection

from keras_mirror.archive.declared_sizes import MAX_LAYERS
from keras_mirror.files import read_json

# Defaults of the configuration classes of transformers, whose `config.json`
# holds only what differs from them.
_BERT = {
    "vocab_size": 30522,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}
_ALBERT = {
    "vocab_size": 30000,
    "embedding_size": 128,
    "hidden_size": 4096,
    "num_hidden_groups": 1,
    "num_attention_heads": 64,
    "intermediate_size": 16384,
    "inner_group_num": 1,
    "hidden_act": "gelu_new",
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
_DISTIL_BERT = {
    "vocab_size": 30522,
    "dim": 768,
    "n_layers": 6,
    "n_heads": 12,
    "hidden_dim": 3072,
    "activation": "gelu",
    "dropout": 0.1,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
}
DEFAULTS = {
    "albert": {**_BERT, **_ALBERT},
    "bert": _BERT,
    "distilbert": _DISTIL_BERT,
    "roberta": {**_BERT, "vocab_size": 50265, "pad_token_id": 1},
    "xlm-roberta": {**_BERT, "pad_token_id": 1},
}

# Popular encoders that keras-hub 0.32 does not have.
NO_BACKBONE = ("modernbert", "mpnet")

# Names of activations in transformers, and Keras's names for the same
# functions.
ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_accurate": "gelu_approximate",
    "gelu_fast": "gelu_approximate",
    "gelu_new": "gelu_approximate",
    "gelu_python_tanh": "gelu_approximate",
    "gelu_pytorch_tanh": "gelu_approximate",
    "linear": "linear",
    "mish": "mish",
    "relu": "relu",
    "relu6": "relu6",
    "sigmoid": "sigmoid",
    "silu": "silu",
    "swish": "silu",
    "tanh": "tanh",
}

# The PEFT library writes this file beside adapter weights.
_ADAPTER_FILE = "adapter_config.json"
_MAX_BYTES = 2**22  # most of it is names of labels


def read_config(folder: pathlib.Path) -> dict:
    """Reads the `config.json` of a preset folder of any kind.

    Args:
        folder: A `pathlib.Path`.

    Returns:
        A dict, for a Hugging Face folder with the key `"model_type"`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, or the folder holds an adapter.
    """
    path = folder / "config.json"
    if (folder / _ADAPTER_FILE).is_file():
        base = read_json(folder / _ADAPTER_FILE).get("base_model_name_or_path")
        raise ValueError(
            "A folder must hold a whole model, but this one holds an adapter "
            "of the PEFT library. Merge it into its base model with "
            f"`merge_and_unload` and save that. Received: {_ADAPTER_FILE} for "
            f"the base model {base!r} in folder={folder}"
        )
    if not path.is_file():
        raise FileNotFoundError(
            "A preset folder must hold a config.json. "
            f"Received: folder={folder}"
        )
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(
            f"A config.json must have at most {_MAX_BYTES} bytes. Received: "
            f"{path.stat().st_size} in folder={folder}"
        )
    return read_json(path)


def complete_config(config: dict, folder: pathlib.Path) -> dict:
    """Checks a Hugging Face configuration and fills in the defaults.

    Args:
        config: A dict, as `read_config` returns it.
        folder: A `pathlib.Path`, where it was read, for the errors.

    Returns:
        A dict with every key that its `model_type` needs.

    Raises:
        ValueError: No keras-hub backbone computes the same.
    """
    path = folder / "config.json"
    if config.get("model_type") in NO_BACKBONE:
        raise ValueError(
            f"keras-hub has no backbone for {' and '.join(NO_BACKBONE)}, so "
            "they cannot be loaded. `keras-mirror presets` lists encoders "
            f"that can be. Received: model_type={config['model_type']!r} in "
            f"{path}"
        )
    _check_member(config.get("model_type"), DEFAULTS, "model_type", path)
    given = {key: value for key, value in config.items() if value is not None}
    config = {**DEFAULTS[config["model_type"]], **given}
    _check_sizes(config, path)
    _check_encoder(config, path)
    activation_name(config)
    return config


def activation_name(config: dict) -> str:
    """The Keras name of the activation that a configuration asks for.

    Args:
        config: A dict, as `complete_config` returns it.

    Returns:
        A name of `keras.activations`, or `"gelu_approximate"`.
    """
    key = "activation" if "activation" in config else "hidden_act"
    _check_member(config[key], ACTIVATIONS, key, "config.json")
    return ACTIVATIONS[config[key]]


def _check_sizes(config: dict, path: pathlib.Path) -> None:
    for key, default in DEFAULTS[config["model_type"]].items():
        smallest = 0 if key == "pad_token_id" else 1
        value = config[key]
        if isinstance(default, int) and not (
            isinstance(value, int) and value >= smallest
        ):
            raise ValueError(
                f"`{key}` must be an integer of at least {smallest}. "
                f"Received: {key}={value!r} in {path}"
            )
    _check_depth(config, path)


def _check_depth(config: dict, path: pathlib.Path) -> None:
    """Checks what no shape of the weights shows."""
    is_distil_bert = config["model_type"] == "distilbert"
    names = ["n_layers"] if is_distil_bert else ["num_hidden_layers"]
    if config["model_type"] == "albert":
        names += ["num_hidden_groups", "inner_group_num"]
    if math.prod(config[name] for name in names) > MAX_LAYERS:
        sizes = {name: config[name] for name in names}
        raise ValueError(
            f"A model must have at most {MAX_LAYERS} layers. "
            f"Received: {sizes} in {path}"
        )
    keys = ("dim", "n_heads")
    if not is_distil_bert:
        keys = ("hidden_size", "num_attention_heads")
    size, num_heads = (config[key] for key in keys)
    if size % num_heads:
        raise ValueError(
            f"`{keys[0]}` must be a multiple of `{keys[1]}`. "
            f"Received: {keys[0]}={size}, {keys[1]}={num_heads} in {path}"
        )


def _check_encoder(config: dict, path: pathlib.Path) -> None:
    positions = config.get("position_embedding_type", "absolute")
    _check_member(positions, ["absolute"], "position_embedding_type", path)
    for key in ("is_decoder", "add_cross_attention"):
        _check_member(config.get(key, False), [False], key, path)


def _check_member(
    value: object, members: Collection, key: str, path: str | pathlib.Path
) -> None:
    # Not hashed: a damaged file may hold a list or a dict here.
    if value not in list(members):
        raise ValueError(
            f"`{key}` must be one of {sorted(members)} to be loaded into a "
            f"keras-hub backbone. Received: {key}={value!r} in {path}"
        )
