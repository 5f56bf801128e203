"""From the name of a preset to the parts of a `MirrorModel`.

`load_parts` finds out what a preset is and calls the reader in
`keras_mirror.checkpoints` for it; `assemble` makes the parts of a model from
the result, according to a recipe.
"""

import dataclasses
import difflib
import os
import pathlib

import huggingface_hub
import keras_hub
from huggingface_hub.utils import HFValidationError

from keras_mirror.checkpoints.hugging_face.checkpoint import load_hugging_face
from keras_mirror.checkpoints.hugging_face.config import read_config
from keras_mirror.checkpoints.keras_hub import load_keras_hub
from keras_mirror.checkpoints.mirror_files import MIRROR_FILE
from keras_mirror.checkpoints.preset_parts import PresetParts
from keras_mirror.checkpoints.sentence_transformers.folder import MODULES_FILE
from keras_mirror.checkpoints.sentence_transformers.folder import (
    load_sentence_transformer,
)
from keras_mirror.content_errors import content_errors
from keras_mirror.encoder.sentence_encoder import SentenceEncoder
from keras_mirror.encoder.suits_backbone import check_vocabulary
from keras_mirror.machine_errors import check_reachable
from keras_mirror.machine_errors import reason
from keras_mirror.preprocessing.mirror_preprocessor import MirrorPreprocessor
from keras_mirror.presets.download import PresetUnavailableError
from keras_mirror.presets.locate import locate
from keras_mirror.presets.registry import NamedPreset
from keras_mirror.presets.registry import named_presets
from keras_mirror.recipes import Recipe
from keras_mirror.recipes import get_recipe

# Files of a repository on the Hugging Face Hub; `*` also matches folders.
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
        ValueError: There is no such preset, or it has another format.
        PresetUnavailableError: It cannot be fetched.
    """
    name = os.fspath(preset)
    named = named_presets().get(name)
    if named is not None:
        parts = _load_folder(locate(named), dropout, dtype)
        return _with_prompts(parts, named)
    if name.startswith("hf://"):
        name = _download(name.removeprefix("hf://"))
    if not os.path.isdir(name):
        _check_name(name)
        try:
            return load_keras_hub(name, dropout, dtype)
        except OSError as error:  # those of Kaggle's library too
            raise _unavailable(name, error) from error
    return _load_folder(pathlib.Path(name), dropout, dtype)


def is_encoder(preset: str | os.PathLike[str]) -> bool:
    """Whether a preset describes itself as an encoder, good without training.

    Args:
        preset: See `MirrorModel.from_preset`.

    Returns:
        A boolean: `False` for a raw language model, and for a preset that does
        not say how its vectors are made.

    Example:

    >>> is_encoder("all_minilm_l6_v2_en"), is_encoder("mirror_mini_lm_en")
    (True, False)
    """
    name = os.fspath(preset)
    if name in named_presets():
        return named_presets()[name].kind == "encoder"
    if name.startswith("hf://"):
        name = _download(name.removeprefix("hf://"))
    return any(
        os.path.isfile(os.path.join(name, file))
        for file in (MODULES_FILE, MIRROR_FILE)
    )


def _load_folder(folder: pathlib.Path, dropout: float, dtype) -> PresetParts:
    with content_errors(folder, "is not a readable preset"):
        parts = _read_folder(folder, dropout, dtype)
        check_vocabulary(parts.backbone, parts.tokenizer)
        return parts


def _read_folder(folder: pathlib.Path, dropout: float, dtype) -> PresetParts:
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
    return load_keras_hub(str(folder), dropout, dtype)


def _with_prompts(parts: PresetParts, preset: NamedPreset) -> PresetParts:
    """Adds the registered prompts if the files have none."""
    if any(parts.prompts.values()) or not preset.prompts:
        return parts
    return dataclasses.replace(
        parts,
        prompts=preset.prompts,
        default_prompt_name=preset.default_prompt_name,
    )


def assemble(
    parts: PresetParts, recipe: str | Recipe, overrides: dict
) -> tuple[SentenceEncoder, MirrorPreprocessor, Recipe]:
    """Combines the parts of a preset according to a recipe.

    Args:
        parts: A `PresetParts`.
        recipe: A `Recipe`, or the name of one. With a name, fields that the
            preset decides take precedence, such as the pooling and the length
            of a sentence encoder.
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
    encoder = SentenceEncoder(
        parts.backbone,
        activation=parts.activation,
        layer_norm_epsilon=parts.layer_norm_epsilon,
        **_ends(parts, recipe),
        **recipe.encoder_options,
    )
    if encoder.centering is not None:
        encoder.centering.mean.assign(parts.mean)
    if encoder.whitening is not None:
        encoder.whitening.kernel.assign(parts.whitening)
    if encoder.projection is not None:
        encoder.projection.kernel.assign(parts.projection)
    if parts.token_counts is not None and encoder.token_weights is not None:
        encoder.token_weights.counts.assign(parts.token_counts)
    preprocessor = MirrorPreprocessor(
        parts.tokenizer,
        sequence_length=recipe.sequence_length,
        span_length=recipe.span_length,
        view_padding="sequence_length" if recipe.pools_padding else "longest",
        prompts=parts.prompts,
        default_prompt_name=parts.default_prompt_name,
    )
    return encoder, preprocessor, recipe


def _ends(parts: PresetParts, recipe: Recipe) -> dict:
    """The last layers of a preset, if its pooling is not overridden."""
    names = ("pooling_mode", "pooled_layers")
    if any(parts.fields.get(name) != getattr(recipe, name) for name in names):
        return {}
    dim = None if parts.projection is None else parts.projection.shape[-1]
    return {
        "centered": parts.mean is not None,
        "whitened": parts.whitening is not None,
        "projection_dim": dim,
    }


def _check_name(preset: str) -> None:
    names = keras_hub.models.Backbone.presets
    if "://" not in preset and preset not in names:
        check_reachable(preset)
        names = [*named_presets(), *names]
        similar = difflib.get_close_matches(preset, names, n=3)
        hint = f" Similar names: {', '.join(similar)}." if similar else ""
        raise ValueError(
            "`preset` must be an existing folder, a name of `keras-mirror "
            "presets` or of keras-hub, or a handle that starts with "
            "kaggle://, hf:// or modelscope://. "
            f"Received: preset='{preset}'.{hint}"
        )


def _download(repository: str) -> str:
    name = f"hf://{repository}"
    try:
        return huggingface_hub.snapshot_download(
            repository,
            allow_patterns=list(WANTED_FILES),
            ignore_patterns=list(UNWANTED_FILES),
        )
    except HFValidationError as error:
        raise ValueError(
            "A handle of the Hugging Face Hub must be hf://USER/NAME. "
            f"Received: {name}"
        ) from error
    except Exception as error:  # errors of several libraries, by version
        raise _unavailable(name, error) from error


def _unavailable(name: str, error: Exception) -> PresetUnavailableError:
    # The Hub's library reports any failure as a missing network.
    cause = error.__cause__ if isinstance(error, FileNotFoundError) else None
    told = reason(cause if isinstance(cause, Exception) else error)
    return PresetUnavailableError(f"'{name}' cannot be fetched: {told}")
