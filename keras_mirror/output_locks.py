"""Allows one writer per output, and removes leftovers of killed writers."""

import contextlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # Windows: only the rename refuses a second writer
    fcntl = None  # type: ignore[assignment]

ENDING = ".unfinished"


@contextlib.contextmanager
def claimed_output(path: str | os.PathLike) -> Iterator[None]:
    """A context in which no other process can claim the same output.

    It removes what killed writers of `path` left beside it.

    Args:
        path: String or path of a file or folder, in a folder that exists.

    Raises:
        BlockingIOError: Another process has claimed it.

    Example:

    >>> path = os.path.join(tempfile.mkdtemp(), "vectors.npy")
    >>> with claimed_output(path):
    ...     os.listdir(os.path.dirname(path))
    ['.vectors.npy.lock']
    """
    target = pathlib.Path(os.path.realpath(path))
    lock = target.with_name(f".{target.name}.lock")
    descriptor = _locked(lock, path)
    try:
        _remove_leftovers(target)
        yield
    finally:
        if fcntl:  # Windows does not remove an open file
            lock.unlink(missing_ok=True)
        os.close(descriptor)
        lock.unlink(missing_ok=True)


@contextlib.contextmanager
def scratch_folder(target: pathlib.Path) -> Iterator[pathlib.Path]:
    """A hidden folder beside `target`, locked as long as it is in use.

    A file or folder `old` in it is the previous `target`, and is moved back if
    nothing replaced it.

    Args:
        target: A `pathlib.Path` without links.

    Yields:
        A `pathlib.Path`.
    """
    with tempfile.TemporaryDirectory(
        dir=target.parent, prefix=f".{target.name}.", suffix=ENDING
    ) as name:
        folder = pathlib.Path(name)
        with _open_folder(folder) as descriptor:
            _lock(descriptor)
            try:
                yield folder
            finally:
                _put_back(folder, target)


def _locked(lock: pathlib.Path, path: str | os.PathLike) -> int:
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        if _lock(descriptor) is False:
            os.close(descriptor)
            raise BlockingIOError(
                f"'{os.fspath(path)}' is being written by another process. "
                "Wait until it ends, or choose another output"
            )
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(lock)):
                return descriptor
        os.close(descriptor)  # another writer ended and removed the file


def _lock(descriptor: int | None) -> bool | None:
    """Whether the lock was free; `None` if locks are not supported."""
    if fcntl is None or descriptor is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems have none
        return None
    return True


@contextlib.contextmanager
def _open_folder(folder: pathlib.Path) -> Iterator[int | None]:
    if fcntl is None:
        yield None
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _remove_leftovers(target: pathlib.Path) -> None:
    prefix = f".{target.name}."
    with os.scandir(target.parent) as entries:
        names = [entry.name for entry in entries]
    for name in names:
        if not (name.startswith(prefix) and name.endswith(ENDING)):
            continue
        folder = target.with_name(name)
        with _open_folder(folder) as descriptor:
            if _lock(descriptor):
                _put_back(folder, target)
                shutil.rmtree(folder)


def _put_back(folder: pathlib.Path, target: pathlib.Path) -> None:
    old = folder / "old"
    if old.exists() and not os.path.lexists(target):
        old.rename(target)
