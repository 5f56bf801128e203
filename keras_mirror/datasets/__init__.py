"""Corpora that need no download."""

from keras_mirror.datasets import python_api as python_api
