import dataclasses
import os

from keras_mirror.integrations.load_model import check_model
from keras_mirror.integrations.load_model import is_archive
from keras_mirror.integrations.load_model import load_archive
from keras_mirror.mirror_model import MirrorModel
from keras_mirror.presets.load_preset import is_encoder
from keras_mirror.recipes import ENCODING_FIELDS
from keras_mirror.recipes import get_recipe

# Guided, with the pooling of the encoder itself.
ENCODER_RECIPE = "adapt"
# A raw language model has nothing to lose.
LANGUAGE_MODEL_RECIPE = "sentence"


def open_start(start, **fields) -> tuple:
    """The model to start from, with the recipe that suits it.

    Args:
        start: A `MirrorModel`, the path of its archive, or what
            `MirrorModel.from_preset` takes. Without runs on record, a model
            counts as what its base is.
        **fields: Fields of `Recipe` with new values.

    Returns:
        A tuple of a `MirrorModel` and whether it is an encoder already, and
        not a raw language model.

    Raises:
        TypeError: `start` is something else.
        ValueError: The archive or the preset cannot be loaded, or there is no
            such field.

    Example:

    >>> _, is_encoder = open_start("mirror_mini_en")
    >>> is_encoder
    False
    """
    if isinstance(start, (str, os.PathLike)) and not is_archive(start):
        known = is_encoder(start)
        name = ENCODER_RECIPE if known else LANGUAGE_MODEL_RECIPE
        return MirrorModel.from_preset(start, recipe=name, **fields), known
    if isinstance(start, (str, os.PathLike)):
        start = load_archive(start)
    check_model(start, "a `MirrorModel`, its archive or a preset")
    base = start.record.base
    known = bool(start.record.runs) or bool(base and is_encoder(base))
    if not known:
        return _with_recipe(start, start.recipe, fields), known
    return _with_recipe(start, get_recipe(ENCODER_RECIPE), fields), known


def _with_recipe(model, recipe, fields: dict):
    """The same encoder, trained by a recipe that is not its own.

    What decides its vectors and its layers stays.
    """
    kept = (*ENCODING_FIELDS, "span_length", "dropout", "drophead")
    stays = {name: getattr(model.recipe, name) for name in kept}
    recipe = dataclasses.replace(
        recipe,
        **stays,
        projection_head=model.projection_head is not None,
    )
    fixed = sorted(set(fields) & {*kept, "projection_head"})
    if fixed:
        raise ValueError(
            "A model that is built keeps what its layers were made with. "
            f"Received: {fixed} for an archive or a `MirrorModel`; give a "
            "preset to change them"
        )
    recipe = get_recipe(recipe, **fields)
    other = MirrorModel(model.encoder, model.preprocessor, recipe, model.record)
    if other.projection_head is not None:
        weights = model.projection_head.get_weights()
        other.projection_head.set_weights(weights)
    return other
