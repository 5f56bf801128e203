"""What a reader takes and touches: memory, seconds, files, connections."""

import contextlib
import os
import pathlib
import sys
import time
from typing import NamedTuple

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link"),
    *("os.symlink", "os.truncate", "os.chmod", "shutil.rmtree"),
}
STARTS = {
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"),
    *("subprocess.Popen", "socket.connect", "socket.bind"),
}
HARMLESS = ("/dev/", "/proc/")


class Cost(NamedTuple):
    """Seconds, and the bytes that memory grew by at most."""

    seconds: float
    num_bytes: int
    processor_seconds: float


class Meter:
    """Measures a block; memory is that of the whole process."""

    def __enter__(self) -> "Meter":
        self._start = time.monotonic()
        self._processor = time.process_time()
        # Sets the peak back to what is in use: see `man 5 proc`.
        pathlib.Path("/proc/self/clear_refs").write_text("5")
        self._bytes = status("VmRSS")
        return self

    def __exit__(self, *exception: object) -> None:
        seconds = time.monotonic() - self._start
        processor_seconds = time.process_time() - self._processor
        num_bytes = status("VmHWM") - self._bytes
        self.cost = Cost(seconds, num_bytes, processor_seconds)


def status(name: str, process: int | str = "self") -> int:
    """A number of bytes in `/proc/PROCESS/status`."""
    text = pathlib.Path(f"/proc/{process}/status").read_text()
    line = next(x for x in text.splitlines() if x.startswith(f"{name}:"))
    return 1024 * int(line.split()[1])


class Guard:
    """Notes what is written outside of folders, or read in a forbidden one.

    Python's audit hooks stay as long as the process; this one is on in a
    `with` block. Libraries in C are not seen: see `snapshot`.
    """

    def __init__(self, inside: tuple[str, ...], forbidden: str) -> None:
        self.inside, self.forbidden = inside, forbidden
        self.touched: list[str] = []
        self._is_on = False
        sys.addaudithook(self._note)

    def __enter__(self) -> "Guard":
        self.touched = []
        self._is_on = True
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_on = False

    def _note(self, event: str, arguments: tuple) -> None:
        if not self._is_on:
            return
        if event in STARTS:
            self.touched.append(f"{event} {str(arguments)[:80]}")
        elif event in CHANGES:
            self._look(event, _place(arguments), is_write=True)
        elif event == "open" and not isinstance(arguments[0], int):
            flags = arguments[2]
            is_write = isinstance(flags, int) and bool(flags & WRITES)
            self._look(event, arguments[0], is_write)

    def _look(self, event: str, path, is_write: bool) -> None:
        if isinstance(path, int):
            return
        name = os.path.abspath(os.fsdecode(path))
        is_outside = not name.startswith((*self.inside, *HARMLESS))
        if name.startswith(self.forbidden) or (is_write and is_outside):
            self.touched.append(f"{event} {name}")


def _place(arguments: tuple):
    """The path of a change, which may be given from an open folder."""
    path, folder = arguments[0], arguments[-1]
    if isinstance(path, int) or not isinstance(folder, int) or folder < 0:
        return path
    if len(arguments) > 1 and not os.path.isabs(os.fsdecode(path)):
        with contextlib.suppress(OSError):  # no folder, but permissions
            root = os.readlink(f"/proc/self/fd/{folder}")
            return os.path.join(root, os.fsdecode(path))
    return path


def snapshot(folder: pathlib.Path) -> dict[str, tuple[int, bytes]]:
    """All files below a folder: their time of change and their content."""
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
