import dataclasses
import difflib
import json
import os
import pathlib
from typing import Any

import keras_hub

from keras_mirror.interop.files.mirror_files import read_mirror_files
from keras_mirror.interop.hugging_face.checkpoint import load_hugging_face
from keras_mirror.interop.sentence_transformers.folder import MODULES_FILE
from keras_mirror.interop.sentence_transformers.folder import (
    load_sentence_transformer,
)
from keras_mirror.presets import BUNDLED_PRESETS
from keras_mirror.presets import preset_folder

# Of a repository of the Hugging Face Hub; `*` also stands for folders.
WANTED_FILES = (
    *("*.json", "*.txt", "*.model", "*.safetensors", "*.bin"),
    *("*.h5", "*.npy", "assets/*"),
)
UNWANTED_FILES = ("onnx/*", "openvino/*", "tf_model.h5", "training_args.bin")


@dataclasses.dataclass(frozen=True)
class PresetParts:
    """What a preset holds: a backbone, a tokenizer, and what they leave out.

    Args:
        backbone: A `keras_hub.models.Backbone`.
        tokenizer: A `keras_hub.tokenizers.Tokenizer`.
        activation: String, see `SentenceEncoder`, or `None`.
        layer_norm_epsilon: Float, see `SentenceEncoder`, or `None`.
        fields: Dict of fields of `Recipe` that the preset itself decides,
            such as the pooling of a sentence-transformers folder.
        token_counts: Array of the counts of `TokenWeights`, or `None`.
    """

    backbone: Any
    tokenizer: Any
    activation: str | None = None
    layer_norm_epsilon: float | None = None
    fields: dict = dataclasses.field(default_factory=dict)
    token_counts: Any = None


def load_parts(preset, dropout, dtype=None):
    """Loads pretrained parts from a name, a handle or a folder.

    Args:
        preset: See `MirrorModel.from_preset`.
        dropout: Float, the rate of all dropouts of the backbone.
        dtype: A dtype policy. Defaults to `None`: the global one.

    Returns:
        A `PresetParts`.

    Raises:
        ValueError: There is no such preset, or it is not one.
    """
    preset = os.fspath(preset)
    if preset in BUNDLED_PRESETS:
        preset = preset_folder(preset)
    if preset.startswith("hf://"):
        preset = _download(preset.removeprefix("hf://"))
    if os.path.isdir(preset):
        if os.path.isfile(os.path.join(preset, MODULES_FILE)):
            return _load_sentence_transformer(preset, dropout, dtype)
        if "model_type" in _read_config(preset):
            checkpoint = load_hugging_face(preset, dropout=dropout, dtype=dtype)
            return PresetParts(**vars(checkpoint))
    elif "://" not in preset:
        _check_name(preset)
    return _load_keras_hub(preset, dropout, dtype)


def check_length(sequence_length, backbone):
    """Raises a ValueError where a backbone has fewer positions than asked."""
    longest = getattr(backbone, "max_sequence_length", None)
    if longest is not None and sequence_length > longest:
        raise ValueError(
            f"`sequence_length` must be at most {longest}, the number of "
            f"positions of this {type(backbone).__name__}. "
            f"Received: sequence_length={sequence_length}"
        )


def _load_sentence_transformer(preset, dropout, dtype):
    checkpoint, fields, token_counts = load_sentence_transformer(
        preset, dropout=dropout, dtype=dtype
    )
    return PresetParts(
        **vars(checkpoint), fields=fields, token_counts=token_counts
    )


def _load_keras_hub(preset, dropout, dtype):
    options = {"dropout": dropout, **({"dtype": dtype} if dtype else {})}
    ours = {}
    if os.path.isdir(preset):
        ours = read_mirror_files(pathlib.Path(preset))
    backbone = keras_hub.models.Backbone.from_preset(preset, **options)
    tokenizer = keras_hub.tokenizers.Tokenizer.from_preset(preset)
    split_on_cjk = ours.pop("split_on_cjk", None)
    if split_on_cjk is not None:
        tokenizer.split_on_cjk = split_on_cjk
    return PresetParts(backbone, tokenizer, **ours)


def _read_config(folder):
    path = os.path.join(folder, "config.json")
    try:
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
    except (OSError, ValueError) as error:
        raise ValueError(
            "`preset` must be a keras-hub preset folder or a Hugging Face "
            f"folder. Received: '{folder}', whose config.json cannot be read: "
            f"{error}"
        ) from error
    if not isinstance(config, dict):
        raise ValueError(
            f"'{path}' must hold a JSON object. Received: {type(config)}"
        )
    return config


def _check_name(preset):
    names = keras_hub.models.Backbone.presets
    if preset not in names:
        names = [*BUNDLED_PRESETS, *names]
        similar = difflib.get_close_matches(preset, names, n=3)
        hint = f" Similar names: {', '.join(similar)}." if similar else ""
        raise ValueError(
            "`preset` must be an existing folder, a bundled preset, a name "
            "that keras-hub knows, or a handle that starts with kaggle://, "
            f"hf:// or modelscope://. Received: preset='{preset}'.{hint}"
        )


def _download(repository):
    import huggingface_hub

    return huggingface_hub.snapshot_download(
        repository,
        allow_patterns=list(WANTED_FILES),
        ignore_patterns=list(UNWANTED_FILES),
    )
