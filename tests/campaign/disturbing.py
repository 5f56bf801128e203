"""Kills and full disks in a process of their own, which forks."""

import multiprocessing
import pathlib
from collections.abc import Iterable
from collections.abc import Iterator

from campaign.outcomes import Disturbed
from campaign.workers import start_process

KILLS, DISKS = "signals", "a full disk"


def disturb_all(
    by: str, seeds: Iterable[int], root: pathlib.Path
) -> Iterator[Disturbed]:
    """Runs and disturbs the commands in turn, one for each seed.

    Args:
        by: `KILLS` or `DISKS`.
        seeds: Iterable of integers.
        root: A `pathlib.Path`, an empty folder for this alone.

    Raises:
        EOFError: The process ended early; what it said is on the screen.
    """
    context = multiprocessing.get_context("spawn")
    pipe, theirs = context.Pipe()
    seeds = list(seeds)
    process = context.Process(target=_work, args=(theirs, by, seeds, root))
    process.start()
    theirs.close()
    try:
        for _ in seeds:
            yield pipe.recv()
        process.join(10)
    finally:
        process.kill()
        process.join()


def _work(pipe, by: str, seeds: list[int], root: pathlib.Path) -> None:
    start_process("torch", root)
    from campaign.commands import COMMANDS
    from campaign.full_disks import can_mount
    from campaign.full_disks import fill
    from campaign.kills import Killer

    work, names = root / "work", list(COMMANDS)
    work.mkdir()
    killer = Killer(work)
    mounts = by == DISKS and can_mount(root / "mount")
    for seed in seeds:
        name = names[seed % len(names)]
        if by == DISKS:
            pipe.send(fill(killer, name, seed, mounts))
        else:
            pipe.send(killer.kill(name, seed))
