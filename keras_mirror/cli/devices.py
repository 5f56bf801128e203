import contextlib
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import click

from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.worker_processes import WorkerProcesses
from keras_mirror.cli.worker_processes import rank_and_port


def devices_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--devices`, which the command gets as the integer `devices`."""
    return click.option(
        "--devices",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        help="GPUs to train on; without GPUs, parts of the CPU.",
    )(command)


def is_worker() -> bool:
    """Whether this process helps another one, which alone writes files."""
    return rank_and_port()[0] > 0


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


def _join_processes(
    number: int, debug: bool, stack: contextlib.ExitStack
) -> None:
    from keras_mirror.distribution.torch import TorchGroup

    rank, port = rank_and_port()
    group = TorchGroup(rank, number, port)
    if rank == 0:
        arguments = click.get_current_context().obj
        workers = WorkerProcesses(number, arguments, group.port, debug)
        stack.enter_context(workers)
    with status("Starting processes"):
        group.join()
