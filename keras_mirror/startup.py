"""What must happen before Keras is imported: backend, allocator, silence."""

import contextlib
import ctypes
import logging
import os
import platform
import sys
import warnings

BACKENDS = ("tensorflow", "jax", "torch")

# Keras imports them where it finds them, for what no command asks it for, and
# they take as long as Keras. A command that needs one imports it itself.
NEEDLESS_IMPORTS = ("sklearn", "matplotlib", "pandas", "orbax")

# Of glibc's `mallopt`: see malloc.h.
M_TRIM_THRESHOLD = -1
M_MMAP_MAX = -4


def import_keras(backend):
    """Imports Keras on the backend that `choose_backend` returned.

    Args:
        backend: One of `BACKENDS`, or `None` for Keras's own choice.

    Returns:
        The module `keras`.

    Raises:
        ImportError: The backend cannot be imported.
    """
    try:
        with _without(_needless(backend)):
            import keras
    except ImportError as error:
        name = backend or "tensorflow"
        raise ImportError(
            f"The backend {name} cannot be imported: {error}. Install it "
            f"(`pip install keras-mirror[{name}]`) or choose another with "
            "--backend"
        ) from error
    return keras


def choose_backend(backend, debug):
    """Sets what this process, and those it starts, take from the environment.

    Args:
        backend: One of `BACKENDS`, or `None` for `KERAS_BACKEND`.
        debug: Boolean. With it the frameworks may print.

    Returns:
        The backend, or `None` for Keras's own choice.

    Raises:
        ValueError: `KERAS_BACKEND` names no backend.
    """
    if backend:
        os.environ["KERAS_BACKEND"] = backend
    backend = os.environ.get("KERAS_BACKEND")
    if backend and backend not in BACKENDS:
        raise ValueError(
            f"KERAS_BACKEND must be one of {', '.join(BACKENDS)}. "
            f"Received: KERAS_BACKEND={backend}"
        )
    if not debug:
        _silence()
    _tune(backend)
    return backend


def _needless(backend):
    # With no backend named, Keras's own configuration may say JAX.
    needs_jax = backend in (None, "jax")
    return NEEDLESS_IMPORTS if needs_jax else (*NEEDLESS_IMPORTS, "jax")


@contextlib.contextmanager
def _without(names):
    """Has imports not find modules that are not imported yet."""
    hidden = {name: None for name in names if name not in sys.modules}
    sys.modules.update(hidden)
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def _tune(backend):
    """What makes a backend fast and must be set before it is imported."""
    # Half the time on processors for which TensorFlow leaves it off.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if backend not in ("jax", "torch"):
        return
    # All works without TensorFlow here, and its import takes seconds.
    sys.modules.setdefault("tensorflow", None)
    sys.modules.setdefault("tensorflow_text", None)
    _keep_freed_memory()
    if backend == "jax":
        _keep_compilations()


def _keep_compilations():
    """What JAX compiled once is found again by the next command."""
    cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    folder = os.path.join(cache, "keras-mirror", "jax")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", folder)
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")


def _keep_freed_memory():
    """Has the C library keep the memory of freed tensors for the next ones.

    By default glibc gives large blocks back to the system, which clears every
    page again: half of the time of PyTorch's steps on a CPU.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_MAX, 0)
        library.mallopt(M_TRIM_THRESHOLD, -1)


def _silence():
    """Keeps frameworks quiet: levels for some, a closed door for the rest.

    TensorFlow's C++ code writes to file descriptor 2 whatever its log level
    is, so that descriptor leads nowhere and ours is a copy of it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    sys.stderr.flush()
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8")
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
