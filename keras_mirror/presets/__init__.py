"""Backbones that ship with the package: nothing needs to be downloaded."""

import os
import pathlib

from keras_mirror.files import read_json

DEFAULT_PRESET = "mirror_student_en"
BUNDLED_PRESETS = (DEFAULT_PRESET, "mirror_mini_lm_en")
RECIPES_FILE = "mirror_recipes.json"


def preset_folder(name: str = DEFAULT_PRESET) -> str:
    """The folder of a bundled preset.

    Args:
        name: String, one of `BUNDLED_PRESETS`. Defaults to
            `"mirror_student_en"`.

    Returns:
        A string. The folder of `"mirror_mini_lm_en"` is in keras-hub's format,
        for `keras_hub.models.BertBackbone.from_preset` too.

    Raises:
        ValueError: No bundled preset has this name.

    Example:

    >>> os.path.basename(preset_folder())
    'mirror_student_en'
    """
    if name not in BUNDLED_PRESETS:
        raise ValueError(
            f"`name` must be one of {BUNDLED_PRESETS}. Received: name={name!r}"
        )
    return str(pathlib.Path(__file__).parent / name)


def preset_fields(preset: str | os.PathLike[str], recipe: str) -> dict:
    """The fields of a named recipe for which a preset has other values.

    The learning rate of the paper was chosen for 110M parameters. A preset
    folder may hold a `mirror_recipes.json` with its own values.

    Args:
        preset: See `MirrorModel.from_preset`.
        recipe: String, the name of a recipe.

    Returns:
        A dict of fields of `Recipe`, empty for most presets.

    Raises:
        ValueError: The file has another form.

    Example:

    >>> preset_fields("bert_base_en_uncased", "sentence")
    {}
    """
    preset = os.fspath(preset)
    folder = preset_folder(preset) if preset in BUNDLED_PRESETS else preset
    path = pathlib.Path(folder, RECIPES_FILE)
    fields = read_json(path, default={}).get(recipe, {})
    if not isinstance(fields, dict):
        raise ValueError(
            f"'{path}' must hold a JSON object from names of recipes to "
            f"fields. Received: {recipe}={fields!r}"
        )
    return fields
