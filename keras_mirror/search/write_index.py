import contextlib
import json
import os
import pathlib
import zipfile

import numpy as np

from keras_mirror.atomic_output import atomic_output
from keras_mirror.search.index_content import FORMAT
from keras_mirror.search.index_content import GRAPH
from keras_mirror.search.index_content import SETTINGS
from keras_mirror.search.index_content import TEXTS
from keras_mirror.search.index_content import VECTORS
from keras_mirror.search.index_content import VERSION


def write_index(path, content, overwrite=False):
    """Writes an index: a ZIP file that `path` becomes once all is written.

    Args:
        path: String or path.
        content: An `IndexContent`.
        overwrite: Boolean, whether an existing file may be replaced. Defaults
            to `False`.

    Raises:
        FileExistsError: `path` exists.
    """
    path = os.fspath(path)
    if os.path.exists(path) and not overwrite:
        raise FileExistsError(
            f"'{path}' exists. Choose another path, or add overwrite=True"
        )
    folder = os.path.dirname(path) or "."
    with atomic_output(path) as unfinished:
        with zipfile.ZipFile(unfinished, "w") as file:
            _write_parts(file, content, _relative(content.archive, folder))


def _relative(archive, folder):
    if archive is None:
        return None
    with contextlib.suppress(ValueError):  # another drive of Windows
        archive = os.path.relpath(archive, folder)
    return pathlib.Path(archive).as_posix()


def _write_parts(file, content, archive):
    settings = {
        "format": FORMAT,
        "version": VERSION,
        "fingerprint": content.fingerprint,
        "exact": content.exact,
        "archive": archive,
    }
    file.writestr(SETTINGS, json.dumps(settings))
    texts = json.dumps(content.texts, ensure_ascii=False)
    file.writestr(TEXTS, texts, zipfile.ZIP_DEFLATED)
    with file.open(VECTORS, "w", force_zip64=True) as vectors:
        np.lib.format.write_array(vectors, content.vectors, allow_pickle=False)
    if content.graph is not None:
        file.writestr(GRAPH, content.graph)
