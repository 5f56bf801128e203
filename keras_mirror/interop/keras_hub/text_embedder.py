import keras_hub

from keras_mirror.backbones import activation_of
from keras_mirror.backbones import copy_backbone
from keras_mirror.backbones import layer_norm_epsilon_of
from keras_mirror.encoder import SentenceEncoder
from keras_mirror.interop.keras_hub.mirror_text_embedder import (
    MirrorTextEmbedder,
)
from keras_mirror.loading import PresetParts

# keras-hub's text embedders of masked language models, their poolings.
EMBEDDERS = (
    keras_hub.models.BertTextEmbedder,
    keras_hub.models.XLMRobertaTextEmbedder,
)
POOLING_MODES = ("mean", "cls", "max")


def to_text_embedder(model, normalize=True):
    """A keras-hub task with a model's weights: see `MirrorModel`.

    Args:
        model: A `MirrorModel`.
        normalize: Boolean, whether vectors have length 1.

    Returns:
        A `keras_hub.models.TextEmbedder`.

    Example:

    >>> type(to_text_embedder(model)).__name__
    'BertTextEmbedder'
    """
    encoder, preprocessor = model.encoder, model.preprocessor
    if not isinstance(encoder, SentenceEncoder):
        raise ValueError(
            "A `TextEmbedder` needs a keras-hub backbone: `encoder` must be a "
            f"`SentenceEncoder`. Received: encoder={type(encoder).__name__}"
        )
    embedder_class = text_embedder_class(model)
    if embedder_class is None:
        return MirrorTextEmbedder(encoder, preprocessor, normalize)
    return embedder_class(
        encoder.backbone,
        embedder_class.preprocessor_cls(
            preprocessor.tokenizer, preprocessor.sequence_length
        ),
        encoder.pooling_mode,
        normalize,
    )


def text_embedder_class(model):
    """The class of keras-hub that can express a model.

    Args:
        model: A `MirrorModel`.

    Returns:
        A subclass of `keras_hub.models.TextEmbedder`, or `None`.

    Example:

    >>> text_embedder_class(model).__name__
    'BertTextEmbedder'
    """
    encoder, tokenizer = model.encoder, model.preprocessor.tokenizer
    is_plain = encoder.pooled_layers == "last" and encoder.token_weights is None
    for embedder_class in EMBEDDERS:
        tokenizer_class = embedder_class.preprocessor_cls.tokenizer_cls
        if (
            is_plain
            and encoder.pooling_mode in POOLING_MODES
            and isinstance(encoder.backbone, embedder_class.backbone_cls)
            and isinstance(tokenizer, tokenizer_class)
        ):
            return embedder_class
    return None


def text_embedder_parts(embedder, dropout):
    """What `MirrorModel.from_text_embedder` is made of, weights copied.

    Args:
        embedder: See there.
        dropout: Float, the rate of all dropouts of the backbone.

    Returns:
        A `PresetParts`.

    Raises:
        ValueError: The embedder is of another kind or has no preprocessor.

    Example:

    >>> text_embedder_parts(model.to_text_embedder(), 0.2).backbone.dropout
    0.2
    """
    if not isinstance(embedder, (MirrorTextEmbedder, *EMBEDDERS)):
        names = [kind.__name__ for kind in (*EMBEDDERS, MirrorTextEmbedder)]
        raise ValueError(
            f"`embedder` must be one of {names}. "
            f"Received: embedder={type(embedder).__name__}"
        )
    if embedder.preprocessor is None:
        raise ValueError(
            "`embedder` must have a preprocessor: a mirror model needs its "
            "tokenizer. Received: an embedder with preprocessor=None"
        )
    counts = None
    source = embedder  # of what describes the pooling
    if isinstance(embedder, MirrorTextEmbedder):
        source = embedder.encoder
        if source.token_weights is not None:
            counts = source.token_weights.counts.numpy()
    return PresetParts(
        copy_backbone(embedder.backbone, dropout=dropout),
        embedder.preprocessor.tokenizer,
        activation_of(embedder.backbone),
        layer_norm_epsilon_of(embedder.backbone),
        {
            "pooling_mode": source.pooling_mode,
            "pooled_layers": getattr(source, "pooled_layers", "last"),
            "frequency_smoothing": getattr(source, "frequency_smoothing", None),
            "sequence_length": embedder.preprocessor.sequence_length,
        },
        counts,
    )
