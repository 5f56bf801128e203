"""Refuses to compute in a process that was forked after a model was made.

Such a process has the locks of its parent's threads, but not the threads.
TensorFlow, JAX and PyTorch's OpenMP would wait for them forever, for example in
a child of gunicorn's `--preload` or of a `multiprocessing` pool that forks.
"""

import dataclasses
import os

import keras


@dataclasses.dataclass
class _Process:
    has_computed: bool = False  # here, or in the parent before it forked
    is_forked: bool = False


_PROCESS = _Process()


def check_not_forked() -> None:
    """Records that this process computes; refuses if it would hang.

    PyTorch works in a forked process as long as it computes on one thread.

    Raises:
        RuntimeError: Another process made a model, and then forked this one.

    Example:

    >>> check_not_forked()
    """
    _PROCESS.has_computed = True
    if _PROCESS.is_forked and not _has_one_thread():
        backend = keras.backend.backend()
        hint = ""
        if backend == "torch":
            hint = ", or call `torch.set_num_threads(1)` in it first"
        raise RuntimeError(
            f"This process was forked after a model was made, and {backend} "
            "would wait forever for threads of the parent. Load the model in "
            "this process, and load none before the fork (gunicorn without "
            "`--preload`), or start the process with the method "
            f"'spawn'{hint}. Received: process {os.getpid()}, forked by "
            f"{os.getppid()}"
        )


def _has_one_thread() -> bool:
    if keras.backend.backend() != "torch":
        return False
    import torch

    return torch.get_num_threads() == 1


def _after_fork() -> None:
    _PROCESS.is_forked = _PROCESS.has_computed


if hasattr(os, "register_at_fork"):  # Windows cannot fork
    os.register_at_fork(after_in_child=_after_fork)
