"""Models out of archives and presets, without Keras on import."""

import os

ARCHIVE_SUFFIX = ".keras"


def as_model(model):
    """A model, or the one in an archive or of a preset.

    Args:
        model: A `MirrorModel`, the path of its `.keras` archive, or what
            `MirrorModel.from_preset` takes.

    Returns:
        A `MirrorModel`; one of an archive without its optimizer.

    Raises:
        TypeError: It is neither, or the archive holds another model.
        ValueError: The archive is damaged, or there is no such preset.

    Example:

    >>> as_model(model) is model
    True
    """
    if isinstance(model, (str, os.PathLike)):
        if not is_archive(model):
            return load_model(model)
        model = _load_any_model(model, compile=False)
    check_model(model, "a `MirrorModel`, its archive or a preset")
    return model


def is_archive(name: str | os.PathLike) -> bool:
    """Whether a name is that of an archive, and not of a preset.

    Example:

    >>> is_archive("encoder.keras"), is_archive("all_minilm_l6_v2_en")
    (True, False)
    """
    return os.fspath(name).endswith(ARCHIVE_SUFFIX) or os.path.isfile(name)


def load_model(name: str | os.PathLike, **overrides):
    """Loads an archive, or a preset as it is.

    Args:
        name: String or path of an archive, or what `MirrorModel.from_preset`
            takes: the name of a preset, a handle, a folder.
        **overrides: For a preset, see `MirrorModel.from_preset`.

    Returns:
        A `MirrorModel`.

    Raises:
        ValueError: The archive or the preset cannot be loaded.
    """
    if is_archive(name):
        return load_archive(name)
    from keras_mirror.mirror_model import MirrorModel

    return MirrorModel.from_preset(name, **overrides)


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
