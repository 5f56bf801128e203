"""Layers: one that makes views, one that pools tokens."""

from keras_mirror.layers.random_span_masking import RandomSpanMasking
from keras_mirror.layers.sentence_pooling import SentencePooling

__all__ = ["RandomSpanMasking", "SentencePooling"]
