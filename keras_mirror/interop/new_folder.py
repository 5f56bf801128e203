import contextlib
import pathlib
import tempfile


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
    path = pathlib.Path(path)
    if path.exists():
        raise FileExistsError(
            f"'{path}' exists. Choose another folder or remove it first"
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"'{path}' cannot be made: there is no folder '{path.parent}'"
        )
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as scratch:
        unfinished = pathlib.Path(scratch) / path.name
        unfinished.mkdir()
        yield unfinished
        unfinished.rename(path)
