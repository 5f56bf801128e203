import os
import pty
import re
import signal
import time

from processes import command_line
from processes import surroundings
from rich.table import Table

LOSS = re.compile(r"loss -?\d")


def first_loss(arguments):
    """Seconds from the start of `train` to the first loss on the screen."""
    table = Table("train", "first loss, s", "again, s")
    for backend in arguments.backends:
        options = ["--preset", arguments.weights, "--overwrite"]
        # The same first batch, and so the same width to compile.
        options += ["--seed", "1", "--output"]
        command = command_line(
            *["train", arguments.corpus, *options],
            arguments.folder / "first.keras",
        )
        # Nothing is compiled yet, then JAX finds what it compiled.
        environment = surroundings(backend, arguments.folder / backend)
        seconds = [seconds_to_loss(command, environment) for _ in range(2)]
        table.add_row(backend, *(f"{value:.1f}" for value in seconds))
    return table


def seconds_to_loss(command, environment):
    """Runs a command on a terminal of its own until it shows a loss."""
    start = time.perf_counter()
    child, terminal = pty.fork()
    if not child:
        os.execve(command[0], command, environment)
    screen = ""
    try:
        while not LOSS.search(screen):
            screen += os.read(terminal, 2**16).decode("utf-8", "replace")
        return time.perf_counter() - start
    except OSError as error:  # the terminal is gone with the process
        raise RuntimeError(f"{command} showed no loss: {screen}") from error
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
