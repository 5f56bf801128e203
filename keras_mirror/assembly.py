from keras_mirror.encoder import SentenceEncoder
from keras_mirror.loading import check_length
from keras_mirror.preprocessor import MirrorPreprocessor
from keras_mirror.recipes import get_recipe


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
        "sequence_length" if recipe.sees_padding else "longest",
    )
