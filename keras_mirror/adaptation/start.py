import dataclasses
import os
from typing import Any

from keras_mirror.encoder.replaced_end import with_encoder
from keras_mirror.integrations.load_model import check_model
from keras_mirror.integrations.load_model import is_archive
from keras_mirror.integrations.load_model import load_archive
from keras_mirror.mirror_model import MirrorModel
from keras_mirror.presets.load_preset import is_encoder
from keras_mirror.recipes import ADAPT_SAMPLE
from keras_mirror.recipes import ENCODER_RECIPES
from keras_mirror.recipes import ENCODING_FIELDS
from keras_mirror.recipes import MIRROR_SAMPLE
from keras_mirror.recipes import MIRRORED
from keras_mirror.recipes import Recipe
from keras_mirror.recipes import get_recipe

LANGUAGE_MODEL_RECIPE = "sentence"

# These fields decide how layers are built or what the vectors are.
BUILT_IN = (
    *ENCODING_FIELDS,
    *("span_length", "dropout", "drophead", "projection_head"),
)


@dataclasses.dataclass(frozen=True)
class Start:
    """The model that an adaptation starts from.

    Args:
        model: The `MirrorModel`.
        recipes: Dict from the names of the candidates to their `Recipe`s.
        is_encoder: Boolean, whether it is an encoder already, and not a raw
            language model.
    """

    model: Any
    recipes: dict[str, Recipe]
    is_encoder: bool

    @property
    def alpha(self) -> float:
        """How far `merge` goes: all the way for a raw language model."""
        return 0.5 if self.is_encoder else 1.0

    @property
    def sample(self) -> int:
        """The maximum number of texts to train on."""
        return ADAPT_SAMPLE if self.is_encoder else MIRROR_SAMPLE

    def as_it_was(self):
        """An uncompiled model with the same encoder, recipe and record."""
        return with_encoder(self.model, self.model.encoder)


def open_start(start, **fields) -> Start:
    """The model to start from, with the recipes that suit it.

    Args:
        start: A `MirrorModel`, the path of its archive, or what
            `MirrorModel.from_preset` takes. A model without recorded runs
            counts as what its base is. Or a `Start`, which is returned.
        **fields: Fields of `Recipe` with new values, for all candidates.

    Returns:
        A `Start`.

    Raises:
        TypeError: `start` is something else.
        ValueError: The archive or the preset cannot be loaded, or there is no
            such field.

    Example:

    >>> list(open_start("mirror_mini_lm_en").recipes)
    ['mirrored']
    """
    if isinstance(start, Start):
        return start
    if isinstance(start, (str, os.PathLike)) and not is_archive(start):
        return _of_preset(start, fields)
    if isinstance(start, (str, os.PathLike)):
        start = load_archive(start)
    check_model(start, "a `MirrorModel`, its archive or a preset")
    mirrored = recipe_as_built(start.recipe, start.recipe, **fields)
    base = start.record.base
    known = bool(start.record.runs) or bool(base and is_encoder(base))
    recipes = {MIRRORED: mirrored}
    if known:
        recipes = _recipes(start.recipe, fields)
    return Start(start, recipes, known)


def recipe_as_built(own: Recipe, recipe: str | Recipe, **fields) -> Recipe:
    """A recipe for training a model that is built already.

    Args:
        own: The `Recipe` that the model was built by.
        recipe: A `Recipe`, or the name of one.
        **fields: Fields of `Recipe` with new values.

    Returns:
        A `Recipe` that keeps the fields of `own` that decide how layers are
        built.

    Raises:
        ValueError: A field is one of these, or there is no such field.

    Example:

    >>> recipe_as_built(model.recipe, "word").span_length
    5
    """
    _check_fields(fields)
    stays = {name: getattr(own, name) for name in BUILT_IN}
    return get_recipe(recipe, **{**stays, **fields})


def _of_preset(preset, fields: dict) -> Start:
    known = is_encoder(preset)
    name = ENCODER_RECIPES["together"] if known else LANGUAGE_MODEL_RECIPE
    model = MirrorModel.from_preset(preset, recipe=name, **fields)
    recipes = {MIRRORED: model.recipe}
    if known:
        fields = {"learning_rate": model.recipe.learning_rate, **fields}
        recipes = _recipes(model.recipe, fields)
    return Start(model, recipes, known)


def _recipes(own: Recipe, fields: dict) -> dict[str, Recipe]:
    """The recipes of the candidates, for an encoder that is built already."""
    stays = {name: getattr(own, name) for name in BUILT_IN}
    return {
        key: get_recipe(name, **{**stays, **fields})
        for key, name in ENCODER_RECIPES.items()
    }


def _check_fields(fields: dict) -> None:
    built_in = sorted({*fields} & {*BUILT_IN})
    if built_in:
        raise ValueError(
            "These fields decide how layers are built and cannot change in an "
            f"archive or a `MirrorModel`. Received: {built_in}; give a preset "
            "to change them"
        )
