"""Sets up what must precede the import of Keras: backend, allocator, logs."""

import contextlib
import ctypes
import gc
import importlib.util
import logging
import os
import platform
import sys
import warnings
from collections.abc import Iterable
from collections.abc import Iterator
from types import ModuleType

from keras_mirror.keras_settings import BACKENDS
from keras_mirror.keras_settings import check_keras_backend
from keras_mirror.keras_settings import import_error
from keras_mirror.keras_settings import settings_path

# What `keras-mirror --help` and `info` import, and every command before it
# knows the backend: these modules of the package, and what they import, must
# not import Keras or a backend. See tests/test_import_law.py.
KERAS_FREE = (
    "archive.card_wording",
    "archive.checkpoint_file",
    "archive.newer_versions",
    "archive.reading",
    "archive.training_run",
    "arguments",
    "bulk",
    "atomic_output",
    "cli",
    "content_errors",
    "data",
    "encoder.encode",
    "export.backends",
    "file_kinds",
    "files",
    "forward",
    "html_page",
    "integrations.load_model",
    "lock",
    "keras_settings",
    "machine_errors",
    "maps",
    "memory",
    "nearest_rows",
    "optional",
    "output_locks",
    "preprocessing.tokenizer_content",
    "presets",
    "processor",
    "recipes",
    "search",
    "serving.limits",
    "startup",
    "static",
    "store",
    "unit_rows",
    "vector_agreement",
    "version",
)

# Keras imports these if they are installed, for features that no command uses,
# and they take as long as Keras. A command that needs one imports it.
NEEDLESS_IMPORTS = ("sklearn", "matplotlib", "pandas", "orbax", "PIL")
# JAX needs the second one.
NEEDLESS_WITHOUT_JAX = ("jax", "scipy.sparse")

# A module that is `None` in here cannot be imported.
MODULES: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]

# Of glibc's `mallopt`: see malloc.h.
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
M_MMAP_MAX = -4
M_ARENA_MAX = -8


def choose_backend(backend: str | None, debug: bool) -> str | None:
    """Sets the backend of this process and of those it starts, and tunes it.

    Args:
        backend: One of `BACKENDS`, or `None` for `KERAS_BACKEND`.
        debug: Boolean, whether the frameworks may print.

    Returns:
        The backend, or `None` for Keras's own choice.

    Raises:
        ValueError: `KERAS_BACKEND` names no backend.
    """
    if backend:
        os.environ["KERAS_BACKEND"] = backend
    backend = named_backend()
    if not debug:
        _silence()
    _tune(backend)
    return backend


def share_freed_memory(arguments: list[str]) -> None:
    """Makes all threads take memory of one arena, if a command may run JAX.

    glibc keeps freed blocks that are large in its main arena only, and JAX
    computes in several threads. NumPy starts a thread when it is imported, and
    that would get another arena: this comes before, so options are not parsed.

    Args:
        arguments: The words of the command.
    """
    words = {os.environ.get("KERAS_BACKEND"), *arguments}
    if words & {"jax", "--backend=jax"}:
        _set_malloc({M_ARENA_MAX: 1})


def named_backend() -> str | None:
    """The backend that `KERAS_BACKEND` names, `None` if it names none.

    Raises:
        ValueError: There is no such backend.
    """
    backend = os.environ.get("KERAS_BACKEND") or None  # as in Keras: like unset
    if backend and backend not in BACKENDS:
        raise ValueError(
            f"KERAS_BACKEND must be one of {', '.join(BACKENDS)}. "
            f"Received: KERAS_BACKEND={backend}"
        )
    return backend


def import_keras(backend: str | None) -> ModuleType:
    """Imports Keras on the backend that `choose_backend` returned.

    Args:
        backend: One of `BACKENDS`, or `None` for Keras's own choice.

    Returns:
        The module `keras`.

    Raises:
        ImportError: Keras or the backend cannot be imported.
        ValueError: Keras's own settings cannot be used, or name a backend
            that is none of `BACKENDS`.
    """
    check_legacy_keras()
    try:
        with _without(_needless(backend)):
            import keras
    except (ImportError, OSError) as error:  # or a library that is missing
        raise import_error(error, backend or "tensorflow") from error
    except (AssertionError, AttributeError, TypeError, ValueError) as error:
        if not os.path.isfile(settings_path()):
            raise
        raise ValueError(
            f"'{settings_path()}', the settings of Keras, cannot be used: "
            f"{error or type(error).__name__}"
        ) from error
    check_keras_backend()
    return keras


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Imports modules and exempts them from garbage collection.

    The collector would go through them again and again during the import, which
    takes a tenth of the time, and once more at the end of the process. If Keras
    is imported already, nothing is done: garbage from before would be exempted
    too.
    """
    if "keras" in MODULES or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def check_legacy_keras() -> None:
    """Raises an `ImportError` if TensorFlow would look for `tf_keras`.

    tensorflow_text, which keras-hub imports, then fails in an endless
    recursion, whatever the backend is.
    """
    value = os.environ.get("TF_USE_LEGACY_KERAS")
    needs_legacy = value in ("1", "true", "True") and _is_found(
        "tensorflow_text"
    )
    if needs_legacy and not _is_found("tf_keras"):
        raise ImportError(
            "TensorFlow is told to use the package tf_keras, which is not "
            "installed. keras-mirror needs Keras 3 only: unset "
            "TF_USE_LEGACY_KERAS, or `pip install tf_keras`. "
            f"Received: TF_USE_LEGACY_KERAS={value}"
        )


def _is_found(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _needless(backend: str | None) -> tuple[str, ...]:
    # With no backend named, Keras's own configuration may say JAX.
    needs_jax = backend in (None, "jax")
    if needs_jax:
        return NEEDLESS_IMPORTS
    return NEEDLESS_IMPORTS + NEEDLESS_WITHOUT_JAX


@contextlib.contextmanager
def _without(names: Iterable[str]) -> Iterator[None]:
    """Hides modules that are not imported yet from imports."""
    hidden = {name: None for name in names if name not in sys.modules}
    MODULES.update(hidden)
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def _tune(backend: str | None) -> None:
    """Sets what makes a backend fast, before the backend is imported."""
    # Halves the time on processors for which TensorFlow leaves it off.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if backend not in ("jax", "torch"):
        return
    # This backend does not need TensorFlow, whose import takes seconds.
    MODULES.setdefault("tensorflow", None)
    MODULES.setdefault("tensorflow_text", None)
    _keep_freed_memory()
    if backend == "jax":
        _keep_compilations()
        _run_steps_in_turn()


def _keep_compilations() -> None:
    """Lets later commands reuse what JAX compiled."""
    cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    folder = os.path.join(cache, "keras-mirror", "jax")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", folder)
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")


def _keep_freed_memory() -> None:
    """Makes the C library keep the memory of freed tensors for the next ones.

    By default glibc gives large blocks back to the system, which clears every
    page again. That takes half of the time of PyTorch's steps on a CPU.
    """
    _set_malloc({M_MMAP_MAX: 0, M_TRIM_THRESHOLD: -1})


def _run_steps_in_turn() -> None:
    """Makes JAX on a CPU start no step before the last one freed its memory.

    Otherwise it would take other memory, which the system clears first.
    """
    os.environ.setdefault("JAX_CPU_ENABLE_ASYNC_DISPATCH", "0")


def return_freed_memory() -> None:
    """Makes the C library give large blocks back to the system at once.

    Small blocks that mini-batches leave between freed large blocks keep glibc
    from reusing these: on PyTorch, memory would grow with the number of
    mini-batches. This is slower, see `_keep_freed_memory`.
    """
    # The first is glibc's own default.
    _set_malloc({M_MMAP_MAX: 2**16, M_MMAP_THRESHOLD: 2**18})


def _set_malloc(options: dict[int, int]) -> None:
    """Sets options of `malloc` where glibc is the C library."""
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        for option, value in options.items():
            library.mallopt(option, value)


def _silence() -> None:
    """Keeps frameworks quiet, by log levels and by a new `sys.stderr`.

    TensorFlow's C++ code writes to file descriptor 2 at any log level. So that
    descriptor is redirected to nowhere, and `sys.stderr` writes to a copy of
    the original.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    sys.stderr.flush()
    sys.stderr = os.fdopen(os.dup(2), "w", 1, "utf-8", "backslashreplace")
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
