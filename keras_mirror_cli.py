"""Starts the command line. Beside the package, which would import Keras."""


def main():
    """Runs `keras-mirror` with the arguments of the process."""
    from keras_mirror.cli import run

    run()
