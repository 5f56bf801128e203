import contextlib
import json
import os
import zipfile

import numpy as np

from keras_mirror.search.index_content import FORMAT
from keras_mirror.search.index_content import GRAPH
from keras_mirror.search.index_content import SETTINGS
from keras_mirror.search.index_content import TEXTS
from keras_mirror.search.index_content import VECTORS
from keras_mirror.search.index_content import VERSION
from keras_mirror.search.index_content import IndexContent


def read_index(path):
    """Reads what `write_index` wrote; a damaged file is found out.

    Args:
        path: String or path.

    Returns:
        An `IndexContent`.

    Raises:
        ValueError: The file is damaged, or something else.
    """
    with _opened(path) as file:
        settings = _read_settings(file)
        with file.open(VECTORS) as vectors:
            vectors = np.lib.format.read_array(vectors, allow_pickle=False)
        graph = file.read(GRAPH) if GRAPH in file.namelist() else None
        texts = json.loads(file.read(TEXTS))
        num_different = len({text for text in texts if text.strip()})
        if (
            vectors.ndim != 2
            or len(vectors) != num_different
            or vectors.dtype != "float32"
        ):
            raise ValueError(
                f"vectors of shape {vectors.shape} and {vectors.dtype} for "
                f"{num_different} different texts"
            )
        return IndexContent(
            **settings, texts=texts, vectors=vectors, graph=graph
        )


def archive_of_index(path):
    """Where the archive of an index's encoder was when it was saved.

    Args:
        path: String or path of the index.

    Returns:
        A string, or `None` where the index does not say.

    Raises:
        ValueError: The file is damaged, or something else.
    """
    with _opened(path) as file:
        archive = _read_settings(file)["archive"]
    folder = os.path.dirname(os.fspath(path))
    return archive and os.path.normpath(os.path.join(folder, archive))


@contextlib.contextmanager
def told_damage(path):
    """Makes one error of whatever a damaged file breaks in three libraries.

    Args:
        path: String or path of the index.

    Raises:
        ValueError: The code inside raised an error.
    """
    try:
        yield
    except ImportError:
        raise
    except Exception as error:
        raise ValueError(
            f"'{os.fspath(path)}' is not a readable index of keras-mirror: "
            f"{error}"
        ) from error


@contextlib.contextmanager
def _opened(path):
    with open(path, "rb") as file, told_damage(path):
        with zipfile.ZipFile(file) as parts:
            yield parts


def _read_settings(file):
    settings = json.loads(file.read(SETTINGS))
    found = settings.pop("format"), settings.pop("version")
    if found != (FORMAT, VERSION):
        raise ValueError(
            f"format and version must be {(FORMAT, VERSION)}, not {found}"
        )
    return settings
