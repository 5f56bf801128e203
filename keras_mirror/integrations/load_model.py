import os

from keras_mirror.mirror_model import MirrorModel


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
        model = load_any_model(model, compile=False)
    if not isinstance(model, MirrorModel):
        raise TypeError(
            "`model` must be a `MirrorModel` or the path of its archive. "
            f"Received: model={model!r} of type {type(model).__name__}"
        )
    return model


def load_archive(path):
    """Loads the archive of a `MirrorModel`.

    Args:
        path: String or path.

    Returns:
        A `MirrorModel`.

    Raises:
        ValueError: The file is damaged or holds something else.
    """
    from keras_mirror.mirror_model import MirrorModel

    model = load_any_model(path)
    if not isinstance(model, MirrorModel):
        raise ValueError(
            f"'{path}' must hold a MirrorModel. "
            f"Received: a {type(model).__name__}"
        )
    return model


def load_any_model(path, compile=True):
    """Loads a `.keras` archive, of whatever model.

    Args:
        path: String or path.
        compile: Boolean, whether with its optimizer. Defaults to `True`.

    Returns:
        A `keras.Model`.

    Raises:
        ValueError: The file is damaged.
    """
    import keras

    try:
        return keras.saving.load_model(path, compile=compile)
    except Exception as error:
        # Whatever a damaged archive breaks, deep inside of Keras.
        reason = " ".join(str(error).split())[:300]
        raise ValueError(
            f"'{path}' is not a readable archive of keras-mirror: {reason}"
        ) from error
