import contextlib
import os
import tempfile


@contextlib.contextmanager
def atomic_output(path):
    """A path to write to, which becomes `path` once all is written.

    Whatever goes wrong before, `path` stays as it was.

    Args:
        path: String or path.

    Yields:
        A string, a path in the same folder with the same ending.

    Example:

    >>> path = os.path.join(tempfile.mkdtemp(), "vectors.npy")
    >>> with atomic_output(path) as unfinished:
    ...     np.save(unfinished, [1.0, 2.0])
    ...     print(os.path.exists(path))
    False
    >>> np.load(path).tolist()
    [1.0, 2.0]
    """
    folder, name = os.path.split(os.fspath(path))
    with tempfile.TemporaryDirectory(dir=folder or ".", prefix=".") as scratch:
        unfinished = os.path.join(scratch, name)
        yield unfinished
        os.replace(unfinished, path)
