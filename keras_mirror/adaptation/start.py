import dataclasses
import os
from typing import Any

from keras_mirror.encoder.centered import with_encoder
from keras_mirror.integrations.load_model import check_model
from keras_mirror.integrations.load_model import is_archive
from keras_mirror.integrations.load_model import load_archive
from keras_mirror.mirror_model import MirrorModel
from keras_mirror.presets.load_preset import is_encoder
from keras_mirror.recipes import ADAPT_SAMPLE
from keras_mirror.recipes import ENCODING_FIELDS
from keras_mirror.recipes import MIRROR_SAMPLE
from keras_mirror.recipes import get_recipe

# Guided, with the pooling of the encoder itself.
ENCODER_RECIPE = "adapt"
# A raw language model has nothing to lose.
LANGUAGE_MODEL_RECIPE = "sentence"


@dataclasses.dataclass(frozen=True)
class Start:
    """What an adaptation starts from.

    Args:
        loaded: The `MirrorModel` as it was loaded.
        model: The same encoder with the recipe that it is trained by.
        is_encoder: Boolean, whether it is an encoder already, and not a raw
            language model.
    """

    loaded: Any
    model: Any
    is_encoder: bool

    @property
    def alpha(self) -> float:
        """How far `merge` goes: a raw language model has nothing to lose."""
        return 0.5 if self.is_encoder else 1.0

    @property
    def sample(self) -> int:
        """How many texts it is trained on."""
        return ADAPT_SAMPLE if self.is_encoder else MIRROR_SAMPLE

    def as_it_was(self):
        """A model of the same encoder, recipe and record, not compiled."""
        return with_encoder(self.loaded, self.loaded.encoder)


def open_start(start, **fields) -> Start:
    """The model to start from, with the recipe that suits it.

    Args:
        start: A `MirrorModel`, the path of its archive, or what
            `MirrorModel.from_preset` takes. Without runs on record, a model
            counts as what its base is.
        **fields: Fields of `Recipe` with new values.

    Returns:
        A `Start`.

    Raises:
        TypeError: `start` is something else.
        ValueError: The archive or the preset cannot be loaded, or there is no
            such field.

    Example:

    >>> open_start("mirror_mini_en").is_encoder
    False
    """
    if isinstance(start, (str, os.PathLike)) and not is_archive(start):
        known = is_encoder(start)
        name = ENCODER_RECIPE if known else LANGUAGE_MODEL_RECIPE
        model = MirrorModel.from_preset(start, recipe=name, **fields)
        return Start(model, model, known)
    if isinstance(start, (str, os.PathLike)):
        start = load_archive(start)
    check_model(start, "a `MirrorModel`, its archive or a preset")
    base = start.record.base
    known = bool(start.record.runs) or bool(base and is_encoder(base))
    recipe = get_recipe(ENCODER_RECIPE) if known else start.recipe
    return Start(start, _with_recipe(start, recipe, fields), known)


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
