import difflib
import json
import os
import pathlib

import keras_hub

from keras_mirror.checkpoints.hugging_face.checkpoint import load_hugging_face
from keras_mirror.checkpoints.mirror_files import read_mirror_files
from keras_mirror.checkpoints.preset_parts import PresetParts
from keras_mirror.checkpoints.sentence_transformers.folder import MODULES_FILE
from keras_mirror.checkpoints.sentence_transformers.folder import (
    load_sentence_transformer,
)
from keras_mirror.encoder.sentence_encoder import SentenceEncoder
from keras_mirror.preprocessing.mirror_preprocessor import MirrorPreprocessor
from keras_mirror.presets import BUNDLED_PRESETS
from keras_mirror.presets import preset_folder
from keras_mirror.recipes import get_recipe

# Of a repository of the Hugging Face Hub; `*` also stands for folders.
WANTED_FILES = (
    *("*.json", "*.txt", "*.model", "*.safetensors", "*.bin"),
    *("*.h5", "*.npy", "assets/*"),
)
UNWANTED_FILES = ("onnx/*", "openvino/*", "tf_model.h5", "training_args.bin")


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


def assemble(parts, recipe, overrides):
    """Puts the parts of a preset together, as a recipe says.

    Args:
        parts: A `keras_mirror.loading.PresetParts`.
        recipe: A `Recipe`, or the name of one. A name leaves to the preset
            what the preset decides: a sentence encoder has its pooling and
            its length.
        overrides: Dict of fields of `Recipe` with new values.

    Returns:
        A tuple `(encoder, preprocessor, recipe)`, the arguments of a
        `MirrorModel`.

    Raises:
        ValueError: The recipe does not suit the backbone.
    """
    if isinstance(recipe, str):
        overrides = {**parts.fields, **overrides}
    recipe = get_recipe(recipe, **overrides).for_backbone(parts.backbone)
    check_length(recipe.sequence_length, parts.backbone)
    return _encoder(parts, recipe), _preprocessor(parts, recipe), recipe


def _encoder(parts, recipe):
    encoder = SentenceEncoder(
        parts.backbone,
        recipe.pooling_mode,
        parts.activation,
        parts.layer_norm_epsilon,
        recipe.drophead,
        recipe.pooled_layers,
        recipe.frequency_smoothing,
    )
    if parts.token_counts is not None and encoder.token_weights is not None:
        encoder.token_weights.counts.assign(parts.token_counts)
    return encoder


def _preprocessor(parts, recipe):
    return MirrorPreprocessor(
        parts.tokenizer,
        recipe.sequence_length,
        recipe.span_length,
        "sequence_length" if recipe.pools_padding else "longest",
    )
