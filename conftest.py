"""What comes before Keras, and what the examples in docstrings may use."""

import functools
import importlib.util
import os
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "tests"))

# The models of the tests have few shapes: what JAX compiled once is found
# again, in other processes too. A folder a worker, for writing is not atomic.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR",
    os.path.join(tempfile.gettempdir(), "keras-mirror-tests", "jax", WORKER),
)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")

collect_ignore = []
# Their docstrings need an optional dependency from the import on.
if importlib.util.find_spec("mteb") is None:
    collect_ignore.append("keras_mirror/interop/mteb.py")
if importlib.util.find_spec("sklearn") is None:
    collect_ignore.append("keras_mirror/interop/scikit_learn.py")
if not all(map(importlib.util.find_spec, ("plotly", "jinja2"))):
    collect_ignore.append("keras_mirror/evaluation/report")


@functools.cache
def example_model():
    import helpers

    return helpers.make_model()


@pytest.fixture(autouse=True)
def docstring_names(request, doctest_namespace):
    if not hasattr(request.node, "dtest"):
        return
    import numpy as np

    model = example_model()
    doctest_namespace.update(
        np=np,
        model=model,
        backbone=model.encoder.backbone,
        preprocessor=model.preprocessor,
        tokenizer=model.preprocessor.tokenizer,
    )
