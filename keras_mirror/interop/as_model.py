import os

from keras_mirror.archive.load_archive import load_any_model
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
