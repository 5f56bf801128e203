"""Commands whose output is on a disk that becomes full.

As root on Linux, a small `tmpfs` is mounted. Without, no file may grow beyond
a limit, which stands in for it: the error is EFBIG, and not ENOSPC.
"""

import contextlib
import os
import pathlib
import random
import subprocess
from collections.abc import Iterator

from campaign import forks
from campaign.commands import COMMANDS
from campaign.kills import PAGE
from campaign.kills import Killer
from campaign.kills import arguments
from campaign.kills import is_old
from campaign.kills import write_old
from campaign.outcomes import Disturbed

ROOM = 2**28  # for the run after


def can_mount(folder: pathlib.Path) -> bool:
    """Whether this process may mount a disk."""
    folder.mkdir(exist_ok=True)
    if not _mount("-t", "tmpfs", "tmpfs", folder):
        return False
    _unmount(folder)
    return True


def fill(killer: Killer, name: str, seed: int, mounts: bool) -> Disturbed:
    """Runs a command on a disk that is too small, or nearly, by a seed.

    Args:
        killer: A `Killer`.
        name: String, a key of `COMMANDS`.
        seed: Integer.
        mounts: Boolean, what `can_mount` said.

    Returns:
        A `Disturbed`, of which `how` is the size of the disk.
    """
    command, draw = COMMANDS[name], random.Random(f"disk {name} {seed}")
    reference, _ = killer.reference(name)
    room = int(draw.random() * 1.1 * killer.sizes[name])
    with _disk(killer, room, mounts) as folder:
        old = None
        if not command.resumes and draw.random() < 0.5:
            old = write_old(folder / command.output)
        ended = forks.run(
            arguments(command, overwrite=old is not None),
            folder,
            most_bytes=None if mounts else room,
        )
        wrong = killer.look(command, folder, old, reference)
        if ended.code not in (0, 1) or "Traceback" in ended.errors:
            wrong.append(f"ended with {ended.code}: {ended.errors[-500:]}")
        elif ended.code and not is_told(ended.errors):
            wrong.append(f"does not say why: {ended.errors[-500:]}")
        if (
            old is not None
            and ended.code
            and not is_old(folder / command.output)
        ):
            wrong.append("what was there is lost")
        if mounts:
            _mount("-o", f"remount,size={ROOM}", folder)
        more, resumed = killer.again(command, folder, reference)
    end = "stopped" if ended.code else "finished"
    return Disturbed(name, seed, f"{room} bytes", end, resumed, wrong + more)


def is_told(errors: str) -> bool:
    """Whether a message says that there is no space."""
    words = ("No space left", "disk space", "File too large", "cannot be w")
    return any(word in errors for word in words)


@contextlib.contextmanager
def _disk(killer: Killer, room: int, mounts: bool) -> Iterator[pathlib.Path]:
    folder = killer.new_folder("disk")
    if not mounts:
        yield folder
        return
    size = room + PAGE  # of the file that stands in every folder
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder)
    try:
        yield killer.furnished(folder)
    finally:
        _unmount(folder)


def _mount(*options) -> bool:
    if os.geteuid():
        return False
    done = subprocess.run(["mount", *map(str, options)], capture_output=True)
    return done.returncode == 0


def _unmount(folder: pathlib.Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
