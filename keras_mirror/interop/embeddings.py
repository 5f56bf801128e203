"""The published path of `keras_mirror.integrations.embeddings`."""

from keras_mirror.integrations.embeddings import (
    MirrorEmbeddings as MirrorEmbeddings,
)
