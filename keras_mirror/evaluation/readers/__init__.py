"""Benchmarks from files, as their owners distribute them."""

from keras_mirror.evaluation.readers.read_benchmarks import (
    read_benchmarks as read_benchmarks,
)
