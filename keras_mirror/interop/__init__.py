"""Models of other libraries, in and out."""

from keras_mirror.interop.export import EXPORTERS
from keras_mirror.interop.hugging_face.checkpoint import HuggingFaceCheckpoint
from keras_mirror.interop.hugging_face.checkpoint import load_hugging_face
from keras_mirror.interop.keras_hub.mirror_text_embedder import (
    MirrorTextEmbedder,
)

__all__ = [
    "EXPORTERS",
    "HuggingFaceCheckpoint",
    "MirrorTextEmbedder",
    "load_hugging_face",
]
