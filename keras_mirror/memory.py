"""How much memory this process may still take. Works without Keras.

A process that takes more is killed without a message, or its framework fails in
the middle of a step, so code asks before.
"""

import contextlib
import ctypes
import os
import pathlib
import platform
from collections.abc import Iterator

import psutil

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

# The usual mount points. A system with both versions manages memory in version
# 1: version 2's folder then has no `memory.max`.
CGROUPS_2 = "sys/fs/cgroup"
CGROUPS_1 = "sys/fs/cgroup/memory"


def free_memory(root: str | os.PathLike[str] = "/") -> int:
    """The bytes that this process may still take.

    It is the smallest of the memory available in the system, the rest of the
    limits of its control groups (containers), and the rest of its own limits
    (`ulimit`).

    Memory that this process freed but its allocator keeps is not counted, so
    the result may be too low: see `trim`.

    Args:
        root: String or path of the folder of `proc` and `sys`. Defaults to
            `"/"`.

    Returns:
        An integer, 0 or more.

    Example:

    >>> 0 < free_memory() <= psutil.virtual_memory().total
    True
    """
    left = [psutil.virtual_memory().available]
    left += _left_to_groups(pathlib.Path(root))
    left += _left_of_limits()
    return max(0, min(left))


def trim() -> None:
    """Makes glibc return freed memory to the system."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


def readable(num_bytes: float) -> str:
    """Formats bytes for people.

    Example:

    >>> readable(7_100_000_000), readable(12_000_000)
    ('7.1 GB', '12 MB')
    """
    if num_bytes < 1e9:
        return f"{num_bytes / 1e6:.0f} MB"
    return f"{num_bytes / 1e9:.1f} GB"


# === Control groups, of Linux only ===


def _left_to_groups(root: pathlib.Path) -> Iterator[int]:
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            mount, names = root / CGROUPS_2, _NAMES_2
        elif "memory" in controllers.split(","):
            mount, names = root / CGROUPS_1, _NAMES_1
        else:
            continue
        # In a container the path may be one that only its host has; the
        # container's own group is then the mounted folder itself.
        for group in _upward(mount, path):
            yield from _left_to_group(group, *names)


# Files with limit and usage, and the lines of `memory.stat` with the bytes of
# cached files and of mapped files.
_NAMES_2 = ("memory.max", "memory.current", ("inactive_file", "active_file"))
_NAMES_1 = (
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    ("total_inactive_file", "total_active_file"),
)
_MAPPED = ("file_mapped", "total_mapped_file")


def _upward(mount: pathlib.Path, path: str) -> Iterator[pathlib.Path]:
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for number in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:number])


def _left_to_group(
    group: pathlib.Path, limit: str, usage: str, cached: tuple[str, ...]
) -> Iterator[int]:
    limits = _lines(group / limit)
    used = _lines(group / usage)
    if not limits or not used or limits[0] == "max":
        return
    statistics = dict(line.split() for line in _lines(group / "memory.stat"))
    droppable = sum(int(statistics.get(name, 0)) for name in cached)
    # Running code is mapped: it would be read from disk again and again.
    droppable -= sum(int(statistics.get(name, 0)) for name in _MAPPED)
    yield int(limits[0]) - int(used[0]) + max(0, droppable)


def _lines(path: pathlib.Path) -> list[str]:
    with contextlib.suppress(OSError):  # not Linux, or no such group
        return path.read_text(encoding="utf-8").splitlines()
    return []


# === Limits of this process ===


def _left_of_limits() -> Iterator[int]:
    if resource is None:
        return
    has = psutil.Process().memory_info()
    limits = {
        # TensorFlow and JAX reserve up to twice the addresses that they use.
        "RLIMIT_AS": (has.vms, 2),
        # macOS does not say how much of it is data.
        "RLIMIT_DATA": (getattr(has, "data", has.rss), 1),
    }
    for name, (used, share) in limits.items():
        limit, _ = resource.getrlimit(getattr(resource, name))
        if limit != resource.RLIM_INFINITY:
            yield (limit - used) // share
