def load_archive(path, compile=True):
    """Loads the archive of a `MirrorModel`.

    Args:
        path: String or path.
        compile: Boolean, whether with its optimizer. Defaults to `True`.

    Returns:
        A `MirrorModel`.

    Raises:
        ValueError: The file is damaged or holds something else.
    """
    import keras

    from keras_mirror.mirror_model import MirrorModel

    try:
        model = keras.saving.load_model(path, compile=compile)
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
