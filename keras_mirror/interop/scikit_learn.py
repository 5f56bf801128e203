"""The published path of `keras_mirror.integrations.scikit_learn`."""

from keras_mirror.integrations.scikit_learn import (
    MirrorTransformer as MirrorTransformer,
)
