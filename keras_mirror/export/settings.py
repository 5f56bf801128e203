from keras_mirror.encoder.quantization import is_quantized
from keras_mirror.version import __version__


def export_settings(model, normalize):
    """What a user of exported weights must know to make their inputs.

    Args:
        model: A `MirrorModel`.
        normalize: Boolean, whether vectors were given length 1.

    Returns:
        A dict of what JSON knows.

    Example:

    >>> export_settings(model, normalize=False)["padding"]
    'longest'
    """
    tokenizer = model.preprocessor.tokenizer
    pools_padding = model.recipe.pools_padding
    return {
        "keras_mirror_version": __version__,
        "recipe": model.recipe.get_config(),
        "sequence_length": model.preprocessor.sequence_length,
        "padding": "sequence_length" if pools_padding else "longest",
        "start_token_id": tokenizer.start_token_id,
        "end_token_id": tokenizer.end_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "normalize": normalize,
        "int8": is_quantized(model),
    }


def in_words(settings):
    """What a model card says of the vectors and weights of an export.

    Args:
        settings: A dict, see `export_settings`.

    Returns:
        A string.

    Example:

    >>> in_words({"normalize": True, "int8": False})
    'Vectors have length 1.'
    """
    length = "have length 1" if settings["normalize"] else "are not normalized"
    weights = " Most weights are int8." if settings["int8"] else ""
    return f"Vectors {length}.{weights}"
