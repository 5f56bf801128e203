"""Models of other libraries, in and out."""

from keras_mirror.interop.hugging_face import HuggingFaceCheckpoint
from keras_mirror.interop.hugging_face import load_hugging_face

__all__ = ["HuggingFaceCheckpoint", "load_hugging_face"]
