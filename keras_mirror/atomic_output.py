"""Output that appears once it is complete and replaces nothing unasked."""

import contextlib
import errno
import itertools
import os
import pathlib
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator

from keras_mirror.machine_errors import NO_SPACE
from keras_mirror.output_locks import ENDING
from keras_mirror.output_locks import scratch_folder

_FULL = (*NO_SPACE, errno.EFBIG)
# The form in which the libraries in C and Rust that write HDF5 and safetensors
# report it.
_TOLD = re.compile(r"(?:errno =|os error) (\d+)")


@contextlib.contextmanager
def atomic_output(
    path: str | os.PathLike,
    replace_folder: bool = False,
    overwrite: bool = True,
) -> Iterator[pathlib.Path]:
    """Yields a path to write to; it becomes `path` once all is written.

    If anything fails before that, `path` stays unchanged. Files that are
    written next to the yielded path are moved too. The output is on the disk
    when this returns. It gets the permissions of the file that it replaces, or
    those of any new file.

    A symbolic link is followed. A device or a pipe is written to.

    Args:
        path: String or path.
        replace_folder: Boolean, whether an existing folder may be replaced,
            or a file by a folder. Defaults to `False`.
        overwrite: Boolean, whether something that exists at `path` at the end
            may be replaced. Defaults to `True`.

    Yields:
        A `pathlib.Path` of the same name in an empty folder, on the same disk.

    Raises:
        FileExistsError: Something exists at `path`, and `overwrite` is `False`.
            The new output is kept beside it, and the message names it.

    Example:

    >>> path = os.path.join(tempfile.mkdtemp(), "vectors.npy")
    >>> with atomic_output(path) as unfinished:
    ...     np.save(unfinished, [1.0, 2.0])
    ...     print(os.path.exists(path))
    False
    >>> np.load(path).tolist()
    [1.0, 2.0]
    """
    path = pathlib.Path(path)
    if is_stream(path):
        with named_disk(path), _output_of_stream(path) as unfinished:
            yield unfinished
        return
    target = pathlib.Path(os.path.realpath(path))
    with named_disk(path), scratch_folder(target) as scratch:
        new = scratch / "new"
        new.mkdir()
        yield new / path.name
        mode = _mode_of_new_files(scratch)
        # The output itself is moved last, so everything is there once it
        # appears.
        for made in sorted(new.iterdir(), key=lambda x: x.name == path.name):
            is_main = made.name == path.name
            place = target if is_main else target.with_name(made.name)
            _settle(made, _mode_of(place, mode) if overwrite else mode)
            if not overwrite:
                _appear(made, place)
                continue
            if replace_folder and place.exists():
                place.rename(scratch / "old")
            made.replace(place)
        _flush(target.parent)


@contextlib.contextmanager
def named_disk(path: str | os.PathLike) -> Iterator[None]:
    """Makes errors of a full disk name the output that was being written."""
    try:
        yield
    except Exception as error:
        told = _TOLD.search(str(error))
        number = int(told[1]) if told else getattr(error, "errno", None)
        name = os.fsdecode(getattr(error, "filename", None) or ENDING)
        # Without the name of the temporary folder, which is gone.
        if number in _FULL and ENDING in name:
            raise OSError(
                number, os.strerror(number), os.fspath(path)
            ) from error
        raise


def is_stream(path: str | os.PathLike) -> bool:
    """Whether a path is a device or a pipe, which must not be replaced.

    Example:

    >>> is_stream(os.devnull), is_stream("vectors.npy")
    (True, False)
    """
    with contextlib.suppress(FileNotFoundError):
        mode = os.stat(path).st_mode
        return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode) or stat.S_ISBLK(mode)
    return False


@contextlib.contextmanager
def _output_of_stream(path: pathlib.Path) -> Iterator[pathlib.Path]:
    with tempfile.TemporaryDirectory() as scratch:
        unfinished = pathlib.Path(scratch, path.name)
        yield unfinished
        with open(unfinished, "rb") as written, open(path, "wb") as stream:
            shutil.copyfileobj(written, stream)


def _appear(made: pathlib.Path, place: pathlib.Path) -> None:
    """Moves the output to its place, or beside it if that is taken."""
    try:
        _move_to_new(made, place)
    except FileExistsError as error:
        names = (f"{place.stem}-{n}{place.suffix}" for n in itertools.count(2))
        kept = next(
            each
            for each in map(place.with_name, names)
            if not os.path.lexists(each)
        )
        _move_to_new(made, kept)
        raise FileExistsError(
            f"'{place}' exists: it was created while this output was written, "
            f"and was not replaced. The output is in '{kept}'"
        ) from error


def _move_to_new(made: pathlib.Path, place: pathlib.Path) -> None:
    """Moves by a hard link: unlike a rename, it replaces nothing."""
    if made.is_file():
        try:
            return os.link(made, place)
        except FileExistsError:
            raise
        except OSError:
            pass  # this file system has no hard links: rename below
    if os.path.lexists(place):
        raise FileExistsError(f"'{place}' exists")
    made.rename(place)


def _mode_of_new_files(scratch: pathlib.Path) -> int:
    """The mode of new files here, which some libraries do not apply."""
    probe = scratch / "probe"
    probe.touch()
    return stat.S_IMODE(probe.stat().st_mode)


def _mode_of(place: pathlib.Path, default: int) -> int:
    return stat.S_IMODE(place.stat().st_mode) if place.is_file() else default


def _settle(made: pathlib.Path, mode: int) -> None:
    """Sets the permissions of all files and gets them onto the disk."""
    for path in (made, *made.rglob("*")):
        if path.is_file() and not path.is_symlink():
            _flush(path)
            if stat.S_IMODE(path.stat().st_mode) != mode:
                path.chmod(mode)
        elif path.is_dir():
            _flush(path)


def _flush(path: pathlib.Path) -> None:
    if os.name == "nt":  # cannot do this to a file that is opened for reading
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
