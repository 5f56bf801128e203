import contextlib
import os

from keras_mirror.content_errors import content_errors


def index_errors(
    path: str | os.PathLike[str],
) -> contextlib.AbstractContextManager[None]:
    """`content_errors` for an index."""
    return content_errors(path, "is not a readable index of keras-mirror")
