"""Keras's folder, settings and backend, and errors of its import.

Works without Keras.
"""

import os
import tempfile

BACKENDS = ("tensorflow", "jax", "torch")


def keras_home() -> str:
    """The folder of Keras's own files.

    That is `KERAS_HOME`, or else `.keras` in the user's home, or in the folder
    for temporary files if the home cannot be written.
    """
    home = os.path.expanduser("~")
    if not os.access(home, os.W_OK):
        home = tempfile.gettempdir()
    return os.environ.get("KERAS_HOME", os.path.join(home, ".keras"))


def settings_path() -> str:
    """The path of Keras's settings file."""
    return os.path.join(keras_home(), "keras.json")


def check_keras_backend() -> None:
    """Raises a `ValueError` if Keras's backend is not one of `BACKENDS`."""
    import keras

    backend = keras.config.backend()
    if backend in BACKENDS:
        return
    variable = os.environ.get("KERAS_BACKEND")
    source = "KERAS_BACKEND" if variable else f"'{settings_path()}'"
    raise ValueError(
        f"The backend of Keras must be one of {', '.join(BACKENDS)}. Set "
        "KERAS_BACKEND before Keras is imported. "
        f"Received: {backend}, by {source}"
    )


def import_error(error: ImportError | OSError, backend: str) -> ImportError:
    """Makes an error that names what is missing, not always the backend."""
    missing = (getattr(error, "name", None) or backend).partition(".")[0]
    is_missing = isinstance(error, ModuleNotFoundError)
    if missing in BACKENDS:  # the backend of Keras's settings
        backend = missing
    elif is_missing:
        return ImportError(
            f"Keras cannot be imported: {error}. Install it with "
            f"`pip install {missing}`"
        )
    cure = "Choose another with --backend"
    if is_missing:
        cure = f"Install it (`pip install keras-mirror[{backend}]`), or "
        cure += "choose another with --backend"
    return ImportError(
        f"The backend {backend} cannot be imported: {error}. {cure}"
    )
