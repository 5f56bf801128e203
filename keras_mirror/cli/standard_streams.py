"""Standard streams that are closed, or whose disk is full."""

import contextlib
import os
import sys
from collections.abc import Iterator

# In place of one that is closed. As before, errors go nowhere; to read texts
# or to print results fails, for the null device is opened the wrong way.
_REPLACEMENTS = (
    ("stdin", "r", os.O_WRONLY),
    ("stdout", "w", os.O_RDONLY),
    ("stderr", "w", os.O_WRONLY),
)


def open_standard_streams() -> None:
    """Takes the places of the standard streams that are closed.

    Otherwise the next file that is opened takes one of them, and what a library
    prints ends up in that file.
    """
    for name, mode, flags in _REPLACEMENTS:
        if getattr(sys, name) is None:
            # Gets the lowest free number, which is that of the stream.
            descriptor = os.open(os.devnull, flags)
            stream = open(descriptor, mode, encoding="utf-8", closefd=False)
            setattr(sys, name, stream)


@contextlib.contextmanager
def named_output() -> Iterator[None]:
    """Makes errors of the standard output say whose they are."""
    try:
        yield
    except BrokenPipeError:  # the reader has gone: nothing to tell
        raise
    except OSError as error:
        raise OSError(
            f"the standard output cannot be written: {error.strerror}"
        ) from error


def end_output() -> None:
    """Drops what cannot be printed: Python would try again at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")
