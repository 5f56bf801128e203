"""Layers for masking strings, weighing and pooling tokens, and embeddings."""

from keras_mirror.layers.centering import Centering
from keras_mirror.layers.drop_head import DropHead
from keras_mirror.layers.projection import Projection
from keras_mirror.layers.random_span_masking import RandomSpanMasking
from keras_mirror.layers.sentence_pooling import SentencePooling
from keras_mirror.layers.token_weights import TokenWeights
from keras_mirror.layers.whitening import Whitening

__all__ = [
    "Centering",
    "DropHead",
    "Projection",
    "RandomSpanMasking",
    "SentencePooling",
    "TokenWeights",
    "Whitening",
]
