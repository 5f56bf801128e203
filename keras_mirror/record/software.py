import sys

import keras
import keras_hub

from keras_mirror.version import __version__


def software_versions():
    """Versions of what a model was trained or written with, for its card.

    Returns:
        A dict of strings with the keys `"keras_mirror"`, `"keras"`,
        `"keras_hub"` and `"backend"`.

    Example:

    >>> sorted(software_versions())
    ['backend', 'keras', 'keras_hub', 'keras_mirror']
    """
    backend = keras.backend.backend()
    # Keras has imported it; other backends than ours may be called otherwise.
    version = getattr(sys.modules.get(backend), "__version__", "")
    return {
        "keras_mirror": __version__,
        "keras": keras.__version__,
        "keras_hub": keras_hub.__version__,
        "backend": f"{backend} {version}".strip(),
    }
