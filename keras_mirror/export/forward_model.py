"""Parts that all files for inference runtimes share: graph, settings, card."""

import keras

from keras_mirror.archive.model_card import model_card
from keras_mirror.encoder.quantization import is_quantized
from keras_mirror.encoder.sentence_encoder import SentenceEncoder
from keras_mirror.metrics.unit_length import unit_length
from keras_mirror.preprocessing.plain_text_tokenizer import PlainTextTokenizer
from keras_mirror.version import __version__

INPUT_NAMES = ("token_ids", "padding_mask")


def forward_model(model, normalize: bool):
    """Makes the model that exported files hold: ids to embeddings, in float32.

    Args:
        model: A `MirrorModel`.
        normalize: Boolean, whether embeddings are scaled to length 1.

    Returns:
        A `keras.Model` from a dict of int32 tensors `"token_ids"` and
        `"padding_mask"`, both `(batch_size, sequence_length)`, to a dict of
        `"embeddings"`, `(batch_size, embedding_dim)`.

    Raises:
        ValueError: `normalize` is not a boolean, or the encoder computes
            in half precision and cannot be copied to float32.

    Example:

    >>> list(forward_model(model, normalize=True).output)
    ['embeddings']
    """
    if not isinstance(normalize, bool):
        raise ValueError(
            f"`normalize` must be a boolean. Received: normalize={normalize!r}"
        )
    encoder = model.encoder
    if _half_precisions(encoder):
        encoder = _in_float32(model)
    inputs = {
        name: keras.Input((None,), dtype="int32", name=name)
        for name in INPUT_NAMES
    }
    embeddings = encoder(inputs, training=False)
    if normalize:
        embeddings = unit_length(embeddings)
    return keras.Model(inputs, {"embeddings": embeddings})


def _half_precisions(encoder) -> list[str]:
    dtypes = {layer.compute_dtype for layer in encoder._flatten_layers()}
    return sorted(dtypes & {"bfloat16", "float16"})


def _in_float32(model):
    """Copies the encoder to float32: converters support other floats partly."""
    encoder = model.encoder
    if is_quantized(model) or not isinstance(encoder, SentenceEncoder):
        raise ValueError(
            "An encoder that is quantized, or is no `SentenceEncoder`, must "
            "compute in float32 to be exported. Received: an encoder that "
            f"computes in {', '.join(_half_precisions(encoder))}. A quantized "
            "encoder computes in float32 after it is saved and loaded"
        )
    config = encoder.get_config()
    backbone = config["backbone"]
    changed = {**backbone["config"], "dtype": "float32"}
    config["backbone"] = {**backbone, "config": changed}
    copy = SentenceEncoder.from_config(config)
    copy.set_weights(encoder.get_weights())
    return copy


def export_settings(model, normalize: bool) -> dict:
    """The settings that a user of exported weights needs to make inputs."""
    tokenizer = model.preprocessor.tokenizer
    _check_template(PlainTextTokenizer(tokenizer))
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


def _check_template(plain_text: PlainTextTokenizer) -> None:
    prefix, suffix = plain_text.prefix_ids, plain_text.suffix_ids
    if (len(prefix), len(suffix)) != (1, 1) or plain_text.cuts_start:
        raise ValueError(
            "A model whose weights are written without its tokenizer must put "
            "one token before a text and one after it, and cut texts at their "
            "end: the settings in the file cannot say more. The format "
            f"sentence-transformers holds this model. Received: {prefix} "
            f"before and {suffix} behind, cut at the "
            f"{'start' if plain_text.cuts_start else 'end'}"
        )


def export_card(
    model, settings: dict, how_to_load: str, library_name: str, **values: str
) -> str:
    """The model card of exported weights.

    `how_to_load` is a template for `str.format` with the fields `in_words` (of
    the settings), those of `settings` (see `export_settings`), and `values`.
    """
    length = "have length 1" if settings["normalize"] else "are not normalized"
    weights = " Most weights are int8." if settings["int8"] else ""
    in_words = f"Vectors {length}.{weights}"
    text = how_to_load.format(in_words=in_words, **settings, **values)
    return model_card(model, how_to_load=text, library_name=library_name)
