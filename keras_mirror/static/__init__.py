"""Static token vectors instead of an encoder: NumPy, without Keras."""

from keras_mirror.static.load_static import load_static
from keras_mirror.static.static_encoder import StaticEncoder

__all__ = ["StaticEncoder", "load_static"]
