"""Commands in children of this process, which has imported all they need."""

import ctypes
import os
import pathlib
import resource
import signal
import sys
import time
import traceback
from typing import NamedTuple

MAX_SECONDS = 120
HUNG = 124  # as `timeout` says it
DEATH_SIGNAL = 1  # of `prctl`


class Ended(NamedTuple):
    """How a command ended.

    Args:
        code: Integer, negative where a signal ended it.
        seconds: Float.
        errors: String, what it wrote to errors.
    """

    code: int
    seconds: float
    errors: str


def prepare() -> None:
    """Imports what commands import late, and lets training write often."""
    import jinja2  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import sklearn.cluster  # noqa: F401

    import keras_mirror.callbacks
    import keras_mirror.cli.main  # noqa: F401
    import keras_mirror.evidence.judge_page  # noqa: F401
    import keras_mirror.export.sentence_transformers  # noqa: F401
    import keras_mirror.mirror_model
    import keras_mirror.search  # noqa: F401

    # A checkpoint after every step, not every five minutes.
    keras_mirror.callbacks.TrainingCheckpoint.__init__.__defaults__ = (0.0,)


def run(
    arguments: list[str],
    folder: pathlib.Path,
    signum: int | None = None,
    after: float = 0.0,
    most_bytes: int | None = None,
) -> Ended:
    """Runs a command in a folder; a signal reaches it after some seconds.

    Args:
        arguments: List of strings.
        folder: A `pathlib.Path`, the child's working folder.
        signum: Integer. Defaults to `None`: none.
        after: Float, the seconds. Defaults to `0.0`.
        most_bytes: Integer, the size of a file at which writing fails, as on
            a full disk. Defaults to `None`: any.

    Returns:
        An `Ended`.
    """
    errors = folder.parent / f"{folder.name}.errors"
    start = time.monotonic()
    child = os.fork()
    if not child:
        try:
            _become(arguments, folder, errors, most_bytes)
        except BaseException:  # the child must not go on as the parent
            traceback.print_exc()
        os._exit(70)
    if signum is not None:
        time.sleep(after)
        os.kill(child, signum)
    code = _exit_code(child, start + MAX_SECONDS)
    seconds = time.monotonic() - start
    return Ended(code, seconds, errors.read_text("utf-8", "replace"))


def _exit_code(child: int, last: float) -> int:
    while time.monotonic() < last:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return HUNG


def _become(arguments, folder, errors, most_bytes) -> None:
    ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL)  # of this process
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    with open(errors, "wb") as file, open(os.devnull, "r+b") as nowhere:
        os.dup2(nowhere.fileno(), 0)
        os.dup2(nowhere.fileno(), 1)
        os.dup2(file.fileno(), 2)
    if most_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    from keras_mirror.cli.main import run as run_command

    code: object = 0
    try:
        run_command([*arguments, "--backend", os.environ["KERAS_BACKEND"]])
    except SystemExit as exit:
        code = exit.code
    except KeyboardInterrupt:  # came outside of the command
        code = 130
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)
