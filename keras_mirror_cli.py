"""Starts the command line. Beside the package, which would import Keras."""


def main():
    """Runs `keras-mirror` with the arguments of the process."""
    from keras_mirror.cli import run

    run()


def set_up_worker():
    """Prepares a process that works for a command, as the command's own."""
    from keras_mirror.startup import choose_backend

    choose_backend(None, debug=True)  # nobody sees what it prints
