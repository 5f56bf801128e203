import contextlib

from keras_mirror.interop.files.new_path import new_path


@contextlib.contextmanager
def new_folder(path):
    """A folder to write into, which becomes `path` once all is written.

    Args:
        path: String or path, of nothing that exists, in a folder that does.

    Yields:
        A `pathlib.Path`, an empty folder beside it.

    Raises:
        FileExistsError: `path` exists.
        FileNotFoundError: The folder around it does not.
    """
    with new_path(path, "folder") as unfinished:
        unfinished.mkdir()
        yield unfinished
