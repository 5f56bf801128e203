"""Models out of archives. Importing this module does not import Keras."""

import os


def as_model(model):
    """A model, or the one in an archive.

    Args:
        model: A `MirrorModel`, or the path of its `.keras` archive.

    Returns:
        A `MirrorModel`; one of an archive without its optimizer.

    Raises:
        TypeError: It is neither, or the archive holds another model.
        ValueError: The archive is damaged.

    Example:

    >>> as_model(model) is model
    True
    """
    if isinstance(model, (str, os.PathLike)):
        model = _load_any_model(model, compile=False)
    check_model(model, "a `MirrorModel` or the path of its archive")
    return model


def check_model(model, expected: str = "a `MirrorModel`") -> None:
    """Raises a TypeError, which says what is expected, for other objects."""
    if not _is_mirror_model(model):
        raise TypeError(
            f"`model` must be {expected}. "
            f"Received: model={model!r} of type {type(model).__name__}"
        )


def load_archive(path: str | os.PathLike):
    """Loads the archive of a `MirrorModel`.

    Args:
        path: String or path.

    Returns:
        A `MirrorModel`.

    Raises:
        ValueError: The file is damaged or holds something else.
    """
    model = _load_any_model(path)
    if not _is_mirror_model(model):
        raise ValueError(
            f"'{path}' must hold a MirrorModel. "
            f"Received: a {type(model).__name__}"
        )
    return model


def _load_any_model(path: str | os.PathLike, compile: bool = True):
    import keras

    import keras_mirror.mirror_model  # noqa: F401  registers our classes

    try:
        return keras.saving.load_model(path, compile=compile)
    except Exception as error:  # a damaged archive fails anywhere in Keras
        reason = " ".join(str(error).split())[:300]
        raise ValueError(
            f"'{path}' is not a readable archive of keras-mirror: {reason}"
        ) from error


def _is_mirror_model(model) -> bool:
    from keras_mirror.mirror_model import MirrorModel

    return isinstance(model, MirrorModel)
