"""The command line: `keras-mirror train`, `encode`, `evaluate` and others."""

from keras_mirror.cli.main import run

__all__ = ["run"]
