"""Starts the command line. It stands beside the package, not inside.

While this module is imported, `import keras_mirror` does not import Keras: the
command line chooses the backend first, and answers `--help` without it.
"""

import sys


def main() -> None:
    """Runs `keras-mirror` with the arguments of the process."""
    from keras_mirror.startup import share_freed_memory

    share_freed_memory(sys.argv[1:])  # before NumPy is imported
    from keras_mirror.cli import run

    run()


def set_up_worker() -> None:
    """Prepares a worker process of a command as the command's own process.

    Ray calls it by its name, "keras_mirror_cli.set_up_worker".
    """
    from keras_mirror.startup import choose_backend

    choose_backend(None, debug=True)  # nobody sees what it prints


if __name__ == "__main__":
    import keras_mirror_cli  # by the name that the package looks for

    keras_mirror_cli.main()
