import keras_hub

from keras_mirror.checkpoints.preset_parts import PresetParts
from keras_mirror.encoder.backbones import activation_of
from keras_mirror.encoder.backbones import copy_backbone
from keras_mirror.encoder.backbones import layer_norm_epsilon_of
from keras_mirror.encoder.mirror_text_embedder import MirrorTextEmbedder

# keras-hub's text embedders of masked language models.
EMBEDDERS = (
    keras_hub.models.BertTextEmbedder,
    keras_hub.models.XLMRobertaTextEmbedder,
)


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
