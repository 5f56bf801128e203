import contextlib
import logging
import warnings

import keras

from keras_mirror.encoder.sentence_encoder import SentenceEncoder
from keras_mirror.metrics.unit_length import unit_length

INPUT_NAMES = ("token_ids", "padding_mask")


def forward_model(model, normalize):
    """What an exported file computes: token ids to vectors, in float32.

    Args:
        model: A `MirrorModel`.
        normalize: Boolean, whether vectors get length 1.

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
        encoder = _in_float32(encoder)
    inputs = {
        name: keras.Input((None,), dtype="int32", name=name)
        for name in INPUT_NAMES
    }
    embeddings = encoder(inputs, training=False)
    if normalize:
        embeddings = unit_length(embeddings)
    return keras.Model(inputs, {"embeddings": embeddings})


def _half_precisions(encoder):
    dtypes = {layer.compute_dtype for layer in encoder._flatten_layers()}
    return sorted(dtypes & {"bfloat16", "float16"})


def _in_float32(encoder):
    """A copy: converters know other floats in part only."""
    is_int8 = any(
        layer.quantization_mode for layer in encoder._flatten_layers()
    )
    if is_int8 or not isinstance(encoder, SentenceEncoder):
        raise ValueError(
            "An encoder that is quantized, or is no `SentenceEncoder`, must "
            "compute in float32 to be exported. Received: an encoder that "
            f"computes in {', '.join(_half_precisions(encoder))}. What was "
            "quantized computes in float32 once it was saved and loaded"
        )
    config = encoder.get_config()
    backbone = config["backbone"]
    changed = {**backbone["config"], "dtype": "float32"}
    config["backbone"] = {**backbone, "config": changed}
    copy = SentenceEncoder.from_config(config)
    copy.set_weights(encoder.get_weights())
    return copy


@contextlib.contextmanager
def quiet(name):
    """Keeps what a converter notes on its way from the screen.

    Errors stay errors.

    Args:
        name: String, the logger of the library.

    Example:

    >>> import logging
    >>> with quiet("torch.onnx"):
    ...     logging.getLogger("torch.onnx").warning("torchvision is missing")
    """
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
