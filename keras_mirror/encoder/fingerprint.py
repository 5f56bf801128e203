import hashlib
import json
import pathlib
import re
import tempfile
from collections.abc import Iterator

import keras
from keras import ops

# Settings that do not affect the embeddings of `encode_text`.
_WITHOUT_EFFECT = {
    *("name", "trainable", "frozen", "seed", "dropout", "drophead"),
    *("span_length", "view_padding"),  # of views, only for training
    # Keys that Keras writes beside settings, and the module of a class.
    *("module", "registered_name", "build_config", "compile_config"),
}


def fingerprint(model) -> str:
    """Identifies an encoder; equal for a model and its archive on any backend.

    It depends on everything that decides the embedding of a text: the encoder's
    weights and settings, the tokenizer's files, the sequence length, and the
    compute dtype. Names, rates of dropout, the masking of spans, the recipe and
    the projection head do not affect it. One training step changes it.

    Args:
        model: A `MirrorModel`.

    Returns:
        A string of 16 hexadecimal digits.

    Example:

    >>> len(fingerprint(model))
    16
    """
    digest = hashlib.sha256(_settings(model).encode())
    for content in tokenizer_files(model.preprocessor.tokenizer):
        digest.update(content)
    for weight in model.encoder.weights:
        digest.update(ops.convert_to_numpy(weight).tobytes())
    return digest.hexdigest()[:16]


def _settings(model) -> str:
    serialize = keras.saving.serialize_keras_object
    preprocessor = serialize(model.preprocessor)
    preprocessor["config"].pop("dtype", None)  # of a layer without numbers
    return essential_text([serialize(model.encoder), preprocessor])


def essential_text(settings) -> str:
    """The serialized settings that embeddings depend on, as JSON.

    Args:
        settings: What `keras.saving.serialize_keras_object` returned, or a
            list of that.

    Returns:
        A string.
    """
    text = json.dumps(_essential(settings), sort_keys=True)
    # Keras numbers the layers of a process: "dense_2".
    return re.sub(r'_\d+"', '"', text)


def _essential(settings):
    if isinstance(settings, (list, tuple)):
        return [_essential(setting) for setting in settings]
    if not isinstance(settings, dict):
        return settings
    kept = {k: v for k, v in settings.items() if k not in _WITHOUT_EFFECT}
    if kept.get("dtype") is not None:
        policy = keras.dtype_policies.get(kept.pop("dtype"))
        kept["computed in"] = policy.compute_dtype
    return {name: _essential(setting) for name, setting in kept.items()}


def tokenizer_files(tokenizer) -> Iterator[bytes]:
    """The vocabulary and other files that Keras keeps beside the settings."""
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_assets(folder)
        for path in sorted(pathlib.Path(folder).iterdir()):
            # On Windows, lines end in two bytes.
            yield path.read_bytes().replace(b"\r\n", b"\n")


def check_same_tokens(dataset, tokenizer) -> None:
    """Raises a `ValueError` if a dataset was made with another tokenizer.

    Args:
        dataset: What `fit` takes. Only a dataset of `mirror_dataset` knows its
            tokenizer.
        tokenizer: The tokenizer of a model.

    Example:

    >>> check_same_tokens([], preprocessor.tokenizer)
    """
    other = getattr(dataset, "mirror_tokenizer", tokenizer)
    if other is not tokenizer and _tokens(other) != _tokens(tokenizer):
        raise ValueError(
            "A dataset must be made with the tokenizer of the model that it "
            "trains: give `mirror_dataset` this model's `preprocessor`. "
            f"Received: a dataset of another {type(other).__name__}, and a "
            f"model with a {type(tokenizer).__name__}"
        )


def _tokens(tokenizer) -> tuple:
    """The settings and files that decide the ids of a tokenizer."""
    settings = keras.saving.serialize_keras_object(tokenizer)
    return essential_text(settings), *tokenizer_files(tokenizer)
