"""Running Python in another process, on another backend or without one."""

import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile

PACKAGES = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}
INSTALLED = [
    backend
    for backend, package in PACKAGES.items()
    if importlib.util.find_spec(package)
]
CACHE = os.path.join(tempfile.gettempdir(), "keras-mirror-tests")
FOLDER = pathlib.Path(__file__).parents[1]


def tensorflow_is_installed():
    return importlib.util.find_spec("tensorflow") is not None


def run_python(code, *arguments, backend, **environment):
    """Runs code with the tests' helpers importable; gives what it printed."""
    return _run("-c", code, *arguments, backend=backend, **environment)


def run_module(module, *arguments, backend, **environment):
    """Runs one of the tests' programs as `run_python` does."""
    return _run("-m", module, *arguments, backend=backend, **environment)


def _run(*arguments, backend, **environment):
    path = os.pathsep.join([str(FOLDER), str(FOLDER.parent)])
    result = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "PYTHONPATH": path,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "OMP_NUM_THREADS": "1",  # as in conftest.py
            "XDG_CACHE_HOME": CACHE,  # not the user's own
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr[-4000:]
    return result.stdout
