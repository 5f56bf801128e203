"""What the command line sets before it imports a backend."""

import gc
import os
import platform
import sys

import keras
import pytest
from support.processes import run_python

from keras_mirror import startup

BACKEND = keras.backend.backend()

PAGE_FAULTS = """
import resource, sys, threading
import keras_mirror_cli
from keras_mirror import startup

if sys.argv[1] == "tuned":
    startup._keep_freed_memory()

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def allocate():
    before = faults()
    for _ in range(10):
        bytearray(2**27)  # 128 MB of zeros, freed at once
    print(faults() - before)

allocate()
if sys.argv[1] == "tuned":
    startup.share_freed_memory(["--backend", "jax"])
thread = threading.Thread(target=allocate)
thread.start()
thread.join()
"""

SIMILARITY = """
import os, sys
import keras_mirror_cli

os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)
sys.argv = sys.argv[1:]
keras_mirror_cli.main()
"""

START = """
import sys
import keras_mirror_cli
from keras_mirror import startup

startup.import_keras(startup.choose_backend(sys.argv[1], debug=True))
names = ("sklearn", "matplotlib", "pandas", "jax")
print(*(name for name in names if name in sys.modules))
import sklearn.cluster
"""


@pytest.mark.processes
@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="the C library is not glibc"
)
def test_memory_of_freed_tensors_is_kept():
    plain, tuned = (
        [int(n) for n in run_python(PAGE_FAULTS, m, backend=BACKEND).split()]
        for m in ("plain", "tuned")
    )
    for faults, kept in zip(plain, tuned, strict=True):  # main thread, another
        assert kept < faults / 3, (kept, faults)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_tensorflow_is_left_out_where_nothing_needs_it(monkeypatch, backend):
    monkeypatch.setattr(startup, "_keep_freed_memory", lambda: None)
    for name in ("tensorflow", "tensorflow_text"):
        monkeypatch.setitem(sys.modules, name, "to be put back")
        del sys.modules[name]
    for name in (
        "JAX_COMPILATION_CACHE_DIR",
        "JAX_CPU_ENABLE_ASYNC_DISPATCH",
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS",
    ):
        monkeypatch.setenv(name, "as it was")
    startup._tune("tensorflow")
    assert "tensorflow" not in sys.modules
    startup._tune(backend)
    assert sys.modules["tensorflow"] is None


@pytest.mark.processes
@pytest.mark.skipif(BACKEND != "jax", reason="only JAX has a compilation cache")
def test_what_jax_compiled_is_found_again(tmp_path):
    from support.models import make_model

    archive, pairs = tmp_path / "encoder.keras", tmp_path / "pairs.tsv"
    make_model().save(archive)
    pairs.write_text("a cat\ta dog\n", encoding="utf-8")
    run_python(
        SIMILARITY,
        *["keras-mirror", "similarity", archive, pairs],
        backend=BACKEND,
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    assert list((tmp_path / "cache" / "keras-mirror" / "jax").iterdir())


@pytest.mark.parametrize("given, expected", [(None, "1"), ("0", "0")])
def test_onednn_is_on_unless_told(monkeypatch, given, expected):
    if given:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", given)
    else:
        monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    startup.choose_backend(backend=None, debug=True)
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == expected


@pytest.mark.processes
def test_keras_does_not_import_what_no_command_needs():
    printed = run_python(START, BACKEND, backend=BACKEND).strip()
    assert printed == ("jax" if BACKEND == "jax" else "")


def test_jax_is_found_where_keras_may_be_configured_for_it():
    assert "jax" not in startup._needless(None)
    assert "jax" not in startup._needless("jax")
    assert "jax" in startup._needless("torch")


def test_only_the_first_import_of_keras_is_not_collected(monkeypatch):
    frozen = gc.get_freeze_count()
    with startup.uncollected():
        assert gc.isenabled()
    assert gc.get_freeze_count() == frozen
    monkeypatch.setattr(startup, "MODULES", {})
    try:
        with pytest.raises(ImportError), startup.uncollected():
            assert not gc.isenabled()
            raise ImportError
        assert gc.isenabled() and gc.get_freeze_count() > frozen
    finally:
        gc.unfreeze()
