"""The published path of `keras_mirror.integrations.mteb`."""

from keras_mirror.integrations.mteb import MTEBEncoder as MTEBEncoder
