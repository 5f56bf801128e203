"""From the name of a preset to the parts of a `MirrorModel`.

`load_parts` finds out what a preset is and calls the one reader of
`keras_mirror.checkpoints` for it; `assemble` makes the model's parts of what
the reader returned, as a recipe says.
"""

import difflib
import os
import pathlib

import huggingface_hub
import keras_hub

from keras_mirror.checkpoints.hugging_face.checkpoint import load_hugging_face
from keras_mirror.checkpoints.hugging_face.config import read_config
from keras_mirror.checkpoints.keras_hub import load_keras_hub
from keras_mirror.checkpoints.preset_parts import PresetParts
from keras_mirror.checkpoints.sentence_transformers.folder import MODULES_FILE
from keras_mirror.checkpoints.sentence_transformers.folder import (
    load_sentence_transformer,
)
from keras_mirror.encoder.sentence_encoder import SentenceEncoder
from keras_mirror.preprocessing.mirror_preprocessor import MirrorPreprocessor
from keras_mirror.presets import BUNDLED_PRESETS
from keras_mirror.presets import preset_folder
from keras_mirror.recipes import Recipe
from keras_mirror.recipes import get_recipe

# Of a repository of the Hugging Face Hub; `*` also stands for folders.
WANTED_FILES = (
    *("*.json", "*.txt", "*.model", "*.safetensors", "*.bin"),
    *("*.h5", "*.npy", "assets/*"),
)
UNWANTED_FILES = ("onnx/*", "openvino/*", "tf_model.h5", "training_args.bin")


def load_parts(
    preset: str | os.PathLike[str], dropout: float, dtype=None
) -> PresetParts:
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
    name = os.fspath(preset)
    if name in BUNDLED_PRESETS:
        name = preset_folder(name)
    elif name.startswith("hf://"):
        name = _download(name.removeprefix("hf://"))
    if not os.path.isdir(name):
        _check_name(name)
        return load_keras_hub(name, dropout, dtype)
    folder = pathlib.Path(name)
    if (folder / MODULES_FILE).is_file():
        return load_sentence_transformer(folder, dropout, dtype)
    try:
        config = read_config(folder)
    except (OSError, ValueError) as error:
        raise ValueError(
            "`preset` must be a keras-hub preset folder or a Hugging Face "
            f"folder. Received: '{folder}', whose config.json cannot be read: "
            f"{error}"
        ) from error
    if "model_type" in config:
        return load_hugging_face(folder, config, dropout, dtype)
    return load_keras_hub(name, dropout, dtype)


def assemble(
    parts: PresetParts, recipe: str | Recipe, overrides: dict
) -> tuple[SentenceEncoder, MirrorPreprocessor, Recipe]:
    """Puts the parts of a preset together, as a recipe says.

    Args:
        parts: A `PresetParts`.
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
    _check_length(recipe.sequence_length, parts.backbone)
    encoder = SentenceEncoder(
        parts.backbone,
        activation=parts.activation,
        layer_norm_epsilon=parts.layer_norm_epsilon,
        **recipe.encoder_options,
    )
    if parts.token_counts is not None and encoder.token_weights is not None:
        encoder.token_weights.counts.assign(parts.token_counts)
    preprocessor = MirrorPreprocessor(
        parts.tokenizer,
        sequence_length=recipe.sequence_length,
        span_length=recipe.span_length,
        view_padding="sequence_length" if recipe.pools_padding else "longest",
    )
    return encoder, preprocessor, recipe


def _check_length(sequence_length: int, backbone) -> None:
    longest = getattr(backbone, "max_sequence_length", None)
    if longest is not None and sequence_length > longest:
        raise ValueError(
            f"`sequence_length` must be at most {longest}, the number of "
            f"positions of this {type(backbone).__name__}. "
            f"Received: sequence_length={sequence_length}"
        )


def _check_name(preset: str) -> None:
    names = keras_hub.models.Backbone.presets
    if "://" not in preset and preset not in names:
        names = [*BUNDLED_PRESETS, *names]
        similar = difflib.get_close_matches(preset, names, n=3)
        hint = f" Similar names: {', '.join(similar)}." if similar else ""
        raise ValueError(
            "`preset` must be an existing folder, a bundled preset, a name "
            "that keras-hub knows, or a handle that starts with kaggle://, "
            f"hf:// or modelscope://. Received: preset='{preset}'.{hint}"
        )


def _download(repository: str) -> str:
    return huggingface_hub.snapshot_download(
        repository,
        allow_patterns=list(WANTED_FILES),
        ignore_patterns=list(UNWANTED_FILES),
    )
