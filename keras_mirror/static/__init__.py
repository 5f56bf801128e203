"""Vectors of tokens in place of an encoder: NumPy, and no Keras."""

from keras_mirror.static.load_static import load_static
from keras_mirror.static.static_encoder import StaticEncoder

__all__ = ["StaticEncoder", "load_static"]
