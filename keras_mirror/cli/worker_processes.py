import contextlib
import functools
import os
import subprocess
import sys
import threading
import time

from keras_mirror.cli.console import console
from keras_mirror.cli.console import print_error

CODE = "import keras_mirror_cli; keras_mirror_cli.main()"
RANK = "KERAS_MIRROR_RANK"
PORT = "KERAS_MIRROR_PORT"
# Seconds in which the first process may find the error by itself.
GRACE = 10


def rank_and_port() -> tuple[int, int]:
    """The rank of this process, and the port where the processes meet.

    Returns:
        A tuple of two integers, `(0, 0)` outside of `WorkerProcesses`.

    Example:

    >>> rank_and_port()
    (0, 0)
    """
    return int(os.environ.get(RANK, 0)), int(os.environ.get(PORT, 0))


class WorkerProcesses:
    """Runs the same command in more processes while the context is entered.

    The workers print nothing. When one of them fails, so does this process,
    with the worker's error; when this process ends, so do the workers. Ctrl-C
    reaches this process alone.

    Args:
        number: Integer, the number of processes, this one included.
        arguments: List of strings, those of the command.
        port: Integer, where processes meet.
        debug: Boolean, whether workers print.
    """

    def __init__(
        self, number: int, arguments: list[str], port: int, debug: bool
    ) -> None:
        self._environment = {**os.environ, PORT: str(port)}
        self._command = [sys.executable, "-c", CODE, *arguments]
        self._number = number
        self._debug = debug
        self._last_words: dict[int, str] = {}
        self._is_ending = threading.Event()

    def __enter__(self) -> "WorkerProcesses":
        self._workers: list[subprocess.Popen] = []
        for rank in range(1, self._number):
            worker = subprocess.Popen(
                self._command,
                env={**self._environment, RANK: str(rank)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._workers.append(worker)
            listen = functools.partial(self._listen, rank, worker)
            threading.Thread(target=listen, daemon=True).start()
        return self

    def __exit__(self, kind, error: BaseException | None, trace) -> None:
        try:
            # PyTorch raises it when another process is gone.
            if isinstance(error, RuntimeError) and self._wait_for_words():
                raise RuntimeError(self._reason()) from error
        finally:
            self._end()

    def _listen(self, rank: int, worker: subprocess.Popen) -> None:
        words = ""
        with worker:  # closes its pipe, and waits for its end
            for line in worker.stderr or ():
                if self._debug:
                    sys.stderr.write(line)
                if line.startswith("keras-mirror: error: "):
                    words = line.removeprefix("keras-mirror: error: ").strip()
        code = worker.returncode
        if code == 0 or self._is_ending.is_set():
            return
        self._last_words[rank] = words or f"exit code {code}"
        if not self._is_ending.wait(GRACE):
            # PyTorch waits for the other process in this one.
            self._end()
            console().show_cursor()
            print_error(self._reason())
            os._exit(1)

    def _wait_for_words(self) -> bool:
        deadline = time.monotonic() + GRACE / 2
        while not self._last_words and time.monotonic() < deadline:
            time.sleep(0.05)
        return bool(self._last_words)

    def _reason(self) -> str:
        rank, words = min(self._last_words.items())
        return f"process {rank + 1} of {self._number} failed: {words}"

    def _end(self) -> None:
        self._is_ending.set()
        for worker in self._workers:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
        for worker in self._workers:
            worker.wait()
