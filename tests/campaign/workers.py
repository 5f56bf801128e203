"""Damaged files, tried in processes that live long and are watched."""

import multiprocessing
import os
import pathlib
import sys
import time
from collections.abc import Iterable
from collections.abc import Iterator

from campaign.outcomes import Outcome
from campaign.watch import status

STARTING = 300  # seconds, for imports and good files
MAX_SECONDS = 10
MAX_BYTES = 2 * 10**9  # of growth: then the process is ended at once
Task = tuple[str, int]


def try_all(
    tasks: Iterable[Task], backend: str, root: pathlib.Path
) -> Iterator:
    """The outcomes of files, in a process that is replaced when it dies.

    Args:
        tasks: Iterable of tuples of a kind and a seed.
        backend: String, one of Keras's.
        root: A `pathlib.Path`, a folder for this process alone.

    Yields:
        `Outcome`s. Of a file that ends the process or takes too long, `what`
        is "crashed", "hung" or "memory".
    """
    worker = None
    try:
        for task in tasks:
            worker = worker or Worker(backend, root)
            outcome = worker.try_one(task)
            if not worker.is_alive:
                worker = None
            yield outcome
    finally:
        if worker:
            worker.end()


class Worker:
    """A process that tries one file after the other.

    Args:
        backend: String, one of Keras's.
        root: A `pathlib.Path`.
    """

    def __init__(self, backend: str, root: pathlib.Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_work, args=(theirs, backend, root), daemon=True
        )
        self._process.start()
        theirs.close()
        self._kinds: set[str] = set()
        self._wait(STARTING)

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def try_one(self, task: Task):
        kind, seed = task
        if kind not in self._kinds:  # its good files first
            self._pipe.send((kind, None))
            why = self._wait(STARTING)
            if why not in (None, True):
                return Outcome(kind, seed, why, "with good files")
            self._kinds.add(kind)
        self._pipe.send(task)
        answer = self._wait(MAX_SECONDS + 2)
        if isinstance(answer, str):
            return Outcome(kind, seed, answer)
        return answer

    def end(self) -> None:
        self._process.kill()
        self._process.join()

    def _wait(self, seconds: float):
        """What the process sends; or why it is ended."""
        last, before = time.monotonic() + seconds, None
        while time.monotonic() < last:
            try:
                if self._pipe.poll(0.2):
                    return self._pipe.recv()
                now = status("VmRSS", self._process.pid)
            except (EOFError, OSError, StopIteration):  # it is no more
                self.end()
                return "crashed"
            before = now if before is None else before
            if now - before > MAX_BYTES and seconds != STARTING:
                self.end()
                return "memory"
        self.end()
        return "hung"


def _work(pipe, backend: str, root: pathlib.Path) -> None:
    start_process(backend, root)
    from campaign.trials import Bench

    bench = Bench(root)
    pipe.send(True)
    while True:
        kind, seed = pipe.recv()
        if seed is None:
            bench.warm_up(kind)
            pipe.send(True)
        else:
            pipe.send(bench.try_one(kind, seed))


def start_process(backend: str, root: pathlib.Path) -> None:
    """A home in a folder, and the backend as the command line starts it."""
    for name in ("home", "tmp"):
        (root / name).mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "HOME": str(root / "home"),
        "XDG_CACHE_HOME": str(root / "home" / "cache"),
        "KERAS_HOME": str(root / "home" / ".keras"),
        "TMPDIR": str(root / "tmp"),
        "KERAS_BACKEND": backend,
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    if backend != "tensorflow":  # `keras_mirror` would import it
        sys.modules |= dict.fromkeys(("tensorflow", "tensorflow_text"))
    from keras_mirror import startup

    # Memory that is freed is given back: it is measured.
    startup._keep_freed_memory = lambda: None
    startup.choose_backend(backend, debug=False)
    startup.import_keras(backend)
