from keras_mirror.archive.model_card import model_card
from keras_mirror.encoder.quantization import is_quantized
from keras_mirror.version import __version__


def export_settings(model, normalize: bool) -> dict:
    """What a user of exported weights must know to make their inputs.

    Args:
        model: A `MirrorModel`.
        normalize: Boolean, whether embeddings are scaled to length 1.

    Returns:
        A dict for JSON.

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


def export_card(
    model, settings: dict, how_to_load: str, library_name: str, **values: str
) -> str:
    """The model card of exported weights.

    Args:
        model: A `MirrorModel`.
        settings: Dict, see `export_settings`.
        how_to_load: String, a template for `str.format` with the fields
            `in_words` (of the settings), those of `settings`, and `values`.
        library_name: String, see `model_card`.
        **values: Strings.

    Returns:
        A string of Markdown.

    Example:

    >>> settings = export_settings(model, normalize=True)
    >>> card = export_card(model, settings, "{in_words} {name}", "onnx", name="x")
    >>> "Vectors have length 1. x" in card
    True
    """  # noqa: E501
    length = "have length 1" if settings["normalize"] else "are not normalized"
    weights = " Most weights are int8." if settings["int8"] else ""
    in_words = f"Vectors {length}.{weights}"
    text = how_to_load.format(in_words=in_words, **settings, **values)
    return model_card(model, how_to_load=text, library_name=library_name)
