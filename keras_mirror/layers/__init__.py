"""Layers: views of strings, pooling of tokens, dropping of heads."""

from keras_mirror.layers.drop_head import DropHead
from keras_mirror.layers.random_span_masking import RandomSpanMasking
from keras_mirror.layers.sentence_pooling import SentencePooling

__all__ = ["DropHead", "RandomSpanMasking", "SentencePooling"]
