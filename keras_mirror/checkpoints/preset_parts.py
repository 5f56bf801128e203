"""What all readers of this room return: in a file below theirs."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class PresetParts:
    """A backbone, a tokenizer, and what keras-hub's classes cannot hold.

    Args:
        backbone: A `keras_hub.models.Backbone` with pretrained weights.
        tokenizer: A `keras_hub.tokenizers.Tokenizer`.
        activation: String, see `SentenceEncoder`, or `None`.
        layer_norm_epsilon: Float, see `SentenceEncoder`, or `None`.
        fields: Dict of fields of `Recipe` that the preset itself decides,
            such as the pooling of a sentence-transformers folder.
        token_counts: Array of the counts of `TokenWeights`, of shape
            `(vocabulary_size,)`, or `None`.
        mean: Array of shape `(embedding_dim,)`, what `Centering` subtracts
            from embeddings that are pooled as `fields` say, or `None`.
        whitening: Array of shape `(embedding_dim, embedding_dim)`, what
            `Whitening` then multiplies them by, or `None`.
        projection: Array of shape `(embedding_dim, projection_dim)`, the
            kernel of `Projection`, or `None`.
        prompts: Dict from names to what is put before a text.
        default_prompt_name: String, one of `prompts`, or `None`.
    """

    backbone: Any
    tokenizer: Any
    activation: str | None = None
    layer_norm_epsilon: float | None = None
    fields: dict = dataclasses.field(default_factory=dict)
    token_counts: Any = None
    mean: Any = None
    whitening: Any = None
    projection: Any = None
    prompts: dict[str, str] = dataclasses.field(default_factory=dict)
    default_prompt_name: str | None = None
