"""The command line: `keras-mirror quickstart | train | encode | similarity`."""

from keras_mirror.cli.main import run

__all__ = ["run"]
