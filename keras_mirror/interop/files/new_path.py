import contextlib
import pathlib
import tempfile


@contextlib.contextmanager
def new_path(path, kind, beside=()):
    """A path to write to, which becomes `path` once all is written.

    Args:
        path: String or path, of nothing that exists, in a folder that does.
        kind: String, `"file"` or `"folder"`, for the error.
        beside: Paths that must not exist either.

    Yields:
        A `pathlib.Path`, of nothing yet, in the same folder.

    Raises:
        FileExistsError: `path` exists, or one of `beside`.
        FileNotFoundError: The folder around it does not.

    Example:

    >>> path = pathlib.Path(tempfile.mkdtemp(), "notes.txt")
    >>> with new_path(path, "file") as unfinished:
    ...     _ = unfinished.write_text("a man plays")
    >>> path.read_text()
    'a man plays'
    """
    path = pathlib.Path(path)
    for existing in (path, *beside):
        if existing.exists():
            raise FileExistsError(
                f"'{existing}' exists. Choose another {kind} or remove it first"
            )
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"'{path}' cannot be made: there is no folder '{path.parent}'"
        )
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as scratch:
        unfinished = pathlib.Path(scratch) / path.name
        yield unfinished
        unfinished.rename(path)
