import contextlib
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
# The first process has a reason of its own, or finds out by itself; seconds.
GRACE = 10


def rank_and_port():
    """Which process of a command this is, and where they meet.

    Returns:
        A tuple of two integers, `(0, 0)` but in a `WorkerProcesses`.

    Example:

    >>> rank_and_port()
    (0, 0)
    """
    return int(os.environ.get(RANK, 0)), int(os.environ.get(PORT, 0))


class WorkerProcesses:
    """Runs the same command in more processes, for as long as it is entered.

    They print nothing. When one of them fails, so does this process, with the
    other one's last words; when this one ends, so do they. Ctrl-C is for this
    process alone.

    Args:
        number: Integer, of processes, this one included.
        arguments: List of strings, those of the command.
        port: Integer, where processes meet.
        debug: Boolean. With it they print.
    """

    def __init__(self, number, arguments, port, debug):
        self._environment = {**os.environ, PORT: str(port)}
        self._command = [sys.executable, "-c", CODE, *arguments]
        self._number = number
        self._debug = debug
        self._last_words = {}
        self._is_ending = threading.Event()

    def __enter__(self):
        self._workers = []
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
            arguments = (rank, worker)
            threading.Thread(
                target=self._listen, args=arguments, daemon=True
            ).start()
        return self

    def __exit__(self, kind, error, trace):
        try:
            # What PyTorch says when another process is gone.
            if isinstance(error, RuntimeError) and self._wait_for_words():
                raise RuntimeError(self._reason()) from error
        finally:
            self._end()

    def _listen(self, rank, worker):
        words = ""
        with worker.stderr:
            for line in worker.stderr:
                if self._debug:
                    sys.stderr.write(line)
                if line.startswith("keras-mirror: error: "):
                    words = line.removeprefix("keras-mirror: error: ").strip()
        code = worker.wait()
        if code == 0 or self._is_ending.is_set():
            return
        self._last_words[rank] = words or f"exit code {code}"
        if not self._is_ending.wait(GRACE):
            # This process waits for the other one, deep inside of PyTorch.
            self._end()
            console().show_cursor()
            print_error(self._reason())
            os._exit(1)

    def _wait_for_words(self):
        deadline = time.monotonic() + GRACE / 2
        while not self._last_words and time.monotonic() < deadline:
            time.sleep(0.05)
        return bool(self._last_words)

    def _reason(self):
        rank, words = min(self._last_words.items())
        return f"process {rank + 1} of {self._number} failed: {words}"

    def _end(self):
        self._is_ending.set()
        for worker in self._workers:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
        for worker in self._workers:
            worker.wait()
