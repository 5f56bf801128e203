"""The return type of all readers in `checkpoints`."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class PresetParts:
    """A backbone, a tokenizer, and settings that keras-hub's classes lack.

    Args:
        backbone: A `keras_hub.models.Backbone` with pretrained weights.
        tokenizer: A `keras_hub.tokenizers.Tokenizer`.
        activation: String, see `SentenceEncoder`, or `None`.
        layer_norm_epsilon: Float, see `SentenceEncoder`, or `None`.
        fields: Dict of fields of `Recipe` that the preset itself decides,
            such as the pooling of a sentence-transformers folder.
        token_counts: Array of the counts of `TokenWeights`, of shape
            `(vocabulary_size,)`, or `None`.
        mean: Array of shape `(embedding_dim,)`, the mean that `Centering`
            subtracts from embeddings pooled according to `fields`, or `None`.
        whitening: Array of shape `(embedding_dim, embedding_dim)`, the matrix
            that `Whitening` then multiplies them by, or `None`.
        projection: Array of shape `(embedding_dim, projection_dim)`, the
            kernel of `Projection`, or `None`.
        prompts: Dict from names to the strings that are put before a text.
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
