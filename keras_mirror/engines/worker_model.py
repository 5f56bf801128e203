import functools
import os

from keras_mirror.archive.load_archive import load_archive


def worker_model(archive):
    """The model of an archive, loaded once by every process that asks.

    Its vectors are equal to the last bit in every process of a backend,
    whatever was encoded before.

    Args:
        archive: String or path of a `.keras` file.

    Returns:
        A `MirrorModel`.

    Raises:
        FileNotFoundError: There is no such file, on this machine.
        ValueError: The file is damaged or holds something else.
    """
    if not os.path.isfile(archive):
        raise FileNotFoundError(
            "Every worker loads the archive, from a path that all of them "
            f"see. Received: '{archive}', which is missing"
        )
    return _load(os.fspath(archive))


@functools.cache
def _load(archive):
    model = load_archive(archive)
    _settle(model)
    return model


def _settle(model):
    """Shows a model batches of several shapes.

    TensorFlow optimizes for the first shapes that it meets, then for all: a
    text of the first batches would get another last bit than of later ones.
    """
    from keras_mirror.padding import compiles_every_shape

    if compiles_every_shape():
        return
    for size in range(2, 6):
        width = min(size, model.preprocessor.sequence_length)
        features = model.preprocessor.pack([[]] * size, width)
        model.predict_on_batch(features)
