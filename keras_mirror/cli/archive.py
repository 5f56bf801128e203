from keras_mirror.atomic_output import atomic_output
from keras_mirror.cli.console import status
from keras_mirror.cli.output_file import interrupted_path


def load_archive(path):
    """Loads an archive made by `keras-mirror train`.

    Args:
        path: String.

    Returns:
        A `MirrorModel`.

    Raises:
        ValueError: The file is damaged or holds something else.
    """
    import keras

    from keras_mirror.mirror_model import MirrorModel

    try:
        model = keras.saving.load_model(path)
    except Exception as error:
        # Whatever a damaged archive breaks, deep inside of Keras.
        reason = " ".join(str(error).split())[:300]
        raise ValueError(
            f"'{path}' is not a readable archive of keras-mirror: {reason}"
        ) from error
    if not isinstance(model, MirrorModel):
        raise ValueError(
            f"'{path}' must hold a MirrorModel. "
            f"Received: a {type(model).__name__}"
        )
    return model


def save_archive(model, path, finished):
    """Saves a model; what is only half trained, beside `path`.

    Args:
        model: A `MirrorModel`.
        path: String.
        finished: Boolean, whether training came to its end.

    Returns:
        The path that was written.
    """
    path = path if finished else interrupted_path(path)
    with status("Saving"), atomic_output(path) as unfinished:
        model.save(unfinished)
    return path
