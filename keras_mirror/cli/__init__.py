"""The command line: `keras-mirror train | encode | similarity`."""

from keras_mirror.cli.main import run

__all__ = ["run"]
