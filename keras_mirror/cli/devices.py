"""`--devices`: training on several devices, on PyTorch in more processes."""

import contextlib
import functools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import click

from keras_mirror.cli.console import console
from keras_mirror.cli.console import print_error
from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors

CODE = "import keras_mirror_cli; keras_mirror_cli.main()"
RANK = "KERAS_MIRROR_RANK"
PORT = "KERAS_MIRROR_PORT"
# Seconds in which the first process may find the error by itself.
GRACE = 10


def devices_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--devices`, which the command gets as the integer `devices`."""
    return click.option(
        "--devices",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        help="GPUs to train on. Without GPUs, the CPU counts as several, to "
        "test with.",
    )(command)


def is_worker() -> bool:
    """Whether this process helps another one, which alone writes files."""
    return _rank_and_port()[0] > 0


@contextlib.contextmanager
def training_devices(number: int, debug: bool) -> Iterator[None]:
    """A context to make and train a model on several devices.

    Keras must have started, and not computed anything. On PyTorch every
    device has its process: the others run the same command until they leave
    the context as this one does.

    Args:
        number: Integer.
        debug: Boolean, see `start_keras`.
    """
    if number == 1:
        yield
        return
    import keras

    from keras_mirror.distribution.jax import jax_scope
    from keras_mirror.distribution.tensorflow import tensorflow_scope

    backend = keras.backend.backend()
    scopes = {"jax": jax_scope, "tensorflow": tensorflow_scope}
    with contextlib.ExitStack() as stack:
        with usage_errors():
            if backend in scopes:
                stack.enter_context(scopes[backend](number))
            else:
                _join_processes(number, debug, stack)
        yield


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


def _join_processes(
    number: int, debug: bool, stack: contextlib.ExitStack
) -> None:
    from keras_mirror.distribution.torch import TorchGroup

    rank, port = _rank_and_port()
    group = TorchGroup(rank, number, port)
    if rank == 0:
        arguments = click.get_current_context().obj
        workers = WorkerProcesses(number, arguments, group.port, debug)
        stack.enter_context(workers)
    with status("Starting processes"):
        group.join()


def _rank_and_port() -> tuple[int, int]:
    """The rank of this process, and the port where the processes meet."""
    return int(os.environ.get(RANK, 0)), int(os.environ.get(PORT, 0))
