"""What comes before Keras, and what the examples in docstrings may use."""

import atexit
import functools
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "tests"))

# The models of the tests have few shapes: what JAX compiled once is found
# again, in other processes too. A folder a worker, for writing is not atomic.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["TESTS_OF_ONE_RUN"] = tempfile.mkdtemp(prefix="keras-mirror-")
    atexit.register(
        shutil.rmtree, os.environ["TESTS_OF_ONE_RUN"], ignore_errors=True
    )
os.environ["JAX_COMPILATION_CACHE_DIR"] = os.path.join(
    os.environ["TESTS_OF_ONE_RUN"],
    os.environ.get("PYTEST_XDIST_WORKER", "alone"),
)
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"

# Their docstrings need an optional dependency from the import on.
NEEDS = {
    "keras_mirror/integrations/mteb.py": ("mteb",),
    "keras_mirror/interop/mteb.py": ("mteb",),
    "keras_mirror/interop/scikit_learn.py": ("sklearn",),
    "keras_mirror/integrations/scikit_learn.py": ("sklearn",),
    "keras_mirror/evaluation/report": ("plotly", "jinja2"),
}
collect_ignore = [
    path
    for path, modules in NEEDS.items()
    if not all(map(importlib.util.find_spec, modules))
]


@functools.cache
def example_model():
    from support import models as tiny_models

    return tiny_models.make_model()


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
