import os

from keras_mirror.archive.load_archive import load_archive
from keras_mirror.mirror_model import MirrorModel


def as_model(model):
    """A model, or the one in an archive.

    Args:
        model: A `MirrorModel`, or the path of its `.keras` archive.

    Returns:
        A `MirrorModel`; one of an archive without its optimizer.

    Raises:
        TypeError: It is neither.
        ValueError: The archive is damaged, or holds something else.

    Example:

    >>> as_model(model) is model
    True
    """
    if isinstance(model, (str, os.PathLike)):
        return load_archive(model, compile=False)
    if not isinstance(model, MirrorModel):
        raise TypeError(
            "`model` must be a `MirrorModel` or the path of its archive. "
            f"Received: model={model!r} of type {type(model).__name__}"
        )
    return model
