"""Which objects Keras may build from a configuration in a file.

Even in Keras's safe mode, keras-hub opens paths that some configurations name:
vocabularies when it loads, `config_file` when it saves. So all objects in a
configuration are checked before anything is built.
"""

import re
from collections.abc import Iterable
from collections.abc import Iterator

import keras
import keras_hub

# The modules by which Keras names its own classes.
_CLASS_MODULES = {
    *("keras.constraints", "keras.dtype_policies", "keras.initializers"),
    *("keras.losses", "keras.metrics", "keras.optimizers"),
    *("keras.optimizers.schedules", "keras.quantizers", "keras.random"),
    "keras.regularizers",
}
_FUNCTION_MODULES = {
    *("builtins", "keras.activations", "keras.constraints"),
    *("keras.initializers", "keras.losses", "keras.metrics"),
    "keras.regularizers",
}
# Nodes of functional models, which Keras does not export.
_NODES = "keras.src.ops."
_MODELS = {"DTypePolicy", "Functional", "Model", "Sequential"}
_LAYER_KINDS = {
    *("activations", "attention", "convolutional", "core", "merging"),
    *("normalization", "pooling", "regularization", "reshaping", "rnn"),
}
_VALUES = {
    *("__bytes__", "__ellipsis__", "__keras_tensor__", "__numpy__"),
    *("__slice__", "__tensor__"),
}
_TOKENIZERS = (
    keras_hub.tokenizers.BytePairTokenizer,
    keras_hub.tokenizers.SentencePieceTokenizer,
    keras_hub.tokenizers.WordPieceTokenizer,
)
TOKENIZER_FILE = "tokenizer.json"
# In the configuration of a keras-hub tokenizer, any other string is a path; in
# that of a user's tokenizer, a value under one of these keys is.
_STRINGS = {"name", "dtype", "config_file", "oov_token", "suffix_indicator"}
_PATHS = {"vocabulary", "merges", "proto", "special_tokens"}
# Keras treats these names of layers and weights as regular expressions, some of
# which never finish.
_NAMES = re.compile(r"[\w./-]*?(/\.\*)?")
_MAX_DEPTH = 100  # a model in a model has a depth of four
_MAX_THRESHOLDS = 10_000  # a metric makes lists of this length


def check_objects(config) -> None:
    """Refuses a configuration with objects that no mirror model contains.

    It allows classes of this package, backbones, tokenizers and layers of
    keras-hub, layers, optimizers and the like of Keras, and classes that you
    have registered by `keras.saving.register_keras_serializable`. A tokenizer
    may not name a file.

    Args:
        config: What `json.loads` returned, or `get_config`.

    Raises:
        ValueError: An object is of another class, or names a file.

    Example:

    >>> check_objects(model.get_config())
    """
    for part in parts_of(config):
        if isinstance(part, str):
            _check_registered(part)
        elif isinstance(part, dict):
            if {"class_name", "config"} <= set(part):
                _check_object(part)
            _check_names(part.get("policy_map"))
            _check_names(part.get("exclude_layers"))


def parts_of(config) -> Iterator:
    """Yields a configuration and everything in it.

    Args:
        config: As in `check_objects`.

    Yields:
        Dicts, lists, strings and numbers, outer ones first.

    Raises:
        ValueError: It is nested too deeply.
    """
    level = [config]
    for _ in range(_MAX_DEPTH):
        yield from level
        level = [inner for part in level for inner in _inside(part)]
        if not level:
            return
    raise ValueError("A configuration must not be nested so deeply")


def _inside(part) -> Iterable:
    if isinstance(part, dict):
        return part.values()
    return part if isinstance(part, (list, tuple)) else ()


def backbones_of(config) -> list[dict]:
    """The configurations of keras-hub's backbones in a configuration.

    Args:
        config: A configuration that `check_objects` has accepted.

    Returns:
        A list of dicts.

    Example:

    >>> [backbone] = backbones_of(model.get_config())
    >>> backbone["hidden_dim"]
    8
    """
    return [
        part["config"]
        for part in parts_of(config)
        if isinstance(part, dict) and _is_backbone(part)
    ]


def _is_backbone(part: dict) -> bool:
    kind = part.get("registered_name") or part.get("class_name")
    known = keras.saving.get_registered_object(str(kind))
    return isinstance(known, type) and (
        issubclass(known, keras_hub.models.Backbone)
        and _is_from("keras_hub", known)
    )


def _check_object(part: dict) -> None:
    name, config = part["class_name"], part["config"]
    is_function = name == "function"
    names = [config if is_function else part.get("registered_name"), name]
    found = [_check_registered(x) for x in names if isinstance(x, str)]
    known = [x for x in found if x is not None]
    if not known and not _is_of_keras(part, is_function):
        raise _unknown(config if is_function else name)
    if part.get("module") == "keras.metrics":
        _check_metric(config)
    for registered in filter(_is_tokenizer, known):
        _check_tokenizer(config, _is_from("keras_hub", registered))


def _check_metric(config) -> None:
    for value in parts_of(config):
        if isinstance(value, (int, float)) and not value <= _MAX_THRESHOLDS:
            raise ValueError(
                "The configuration of a metric must not hold numbers above "
                f"{_MAX_THRESHOLDS}. Received: {value}"
            )


def _check_names(names) -> None:
    for name in names if isinstance(names, (dict, list)) else ():
        if not isinstance(name, str) or not _NAMES.fullmatch(name):
            raise ValueError(
                "Layers and weights must be given by their names, or by the "
                "name of a layer followed by `/.*`. Received: "
                f"{str(name)[:80]!r}"
            )


def _check_registered(name: str):
    """The object registered by a name, or `None`; refuses unknown ones."""
    registered = keras.saving.get_registered_object(name)
    if registered is not None and not _is_known(registered):
        raise _unknown(name)
    return registered


def _is_known(registered) -> bool:
    if _is_from("keras_hub", registered):
        return _is_of_keras_hub(registered)
    # All other classes were registered by this package or by the user.
    return not _is_from("tensorflow_text", registered)


def _is_from(package: str, registered) -> bool:
    module = getattr(registered, "__module__", "")
    return module.partition(".")[0] == package


def _is_of_keras_hub(registered) -> bool:
    name = registered.__name__
    if name == "gelu_approximate":
        return True
    if registered.__module__.startswith("keras_hub.src.layers.modeling."):
        return True
    kinds = (keras_hub.models.Backbone, *_TOKENIZERS)
    return isinstance(registered, type) and issubclass(registered, kinds)


def _is_of_keras(part: dict, is_function: bool) -> bool:
    name, module = part["class_name"], part.get("module")
    if not isinstance(name, str):
        return False
    if name in _VALUES:
        return True
    if not isinstance(module, str):
        return False
    if is_function:
        return module in _FUNCTION_MODULES
    if module == "keras.layers":
        return _is_plain_layer(name)
    if module == "keras" or module.startswith("keras.src.models."):
        return name in _MODELS
    return (
        module in _CLASS_MODULES
        or module.startswith(_NODES)
        or (
            module.startswith("keras.src.backend.") and ".optimizers." in module
        )
    )


def _is_plain_layer(name: str) -> bool:
    """Whether a layer of Keras neither reads files nor holds code."""
    layer = getattr(keras.layers, name, None)
    kind = getattr(layer, "__module__", "").split(".")
    is_plain = (
        kind[:3] == ["keras", "src", "layers"] and kind[3] in _LAYER_KINDS
    )
    return is_plain and name != "Lambda"


def _is_tokenizer(registered) -> bool:
    kind = keras_hub.tokenizers.Tokenizer
    return isinstance(registered, type) and issubclass(registered, kind)


def _check_tokenizer(config, is_of_keras_hub: bool) -> None:
    if not isinstance(config, dict):
        raise ValueError(
            "The configuration of a tokenizer must be a dict. "
            f"Received: {str(config)[:80]!r}"
        )
    named = {
        name: value
        for name, value in config.items()
        if isinstance(value, str)
        and (name in _PATHS or is_of_keras_hub and name not in _STRINGS)
    }
    if config.get("config_file", TOKENIZER_FILE) != TOKENIZER_FILE:
        named["config_file"] = config["config_file"]
    if named:
        raise ValueError(
            "The configuration of a tokenizer must not name files outside of "
            f"the model archive. Received: {str(named)[:200]}"
        )


def _unknown(name) -> ValueError:
    return ValueError(
        "A model must consist of classes of keras-mirror, keras-hub's "
        "backbones and tokenizers, layers and optimizers of Keras, and classes "
        "that you registered by `keras.saving.register_keras_serializable`. "
        f"Received: {str(name)[:80]!r}"
    )
