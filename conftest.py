"""What comes before Keras, which tests run, and the names of docstrings."""

import atexit
import functools
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "tests"))

# The models of the tests have few shapes: what JAX compiled once is found
# again, by the other worker and by other processes too.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(
        prefix="keras-mirror-"
    )
    atexit.register(
        shutil.rmtree,
        os.environ["JAX_COMPILATION_CACHE_DIR"],
        ignore_errors=True,
    )
    # What commands keep in the user's cache is not the user's here.
    os.environ["XDG_CACHE_HOME"] = os.environ["JAX_COMPILATION_CACHE_DIR"]
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
# Programs of tests run once or twice: compiling them well costs more than it
# saves, a third of the suite. See tests/conftest.py for TensorFlow.
os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "true"

# Tests of code that asks for no backend, or stands above the model and reaches
# one through its methods only: what they find is the same on each, so they run
# on one, as docstrings do. PyTorch compiles nothing, which makes it the
# quickest; whole programs run on the default. Paths from the root.
PURE = (
    "keras_mirror",
    "tests/adaptation",
    "tests/archive/test_known_objects.py",
    "tests/archive/test_limits.py",
    "tests/archive/test_model_card.py",
    "tests/archive/test_reading.py",
    "tests/archive/test_weight_budget.py",
    "tests/bulk",
    "tests/campaign",
    "tests/checkpoints/test_torch_checkpoint.py",
    "tests/cli",
    "tests/data/test_batch_schedule.py",
    "tests/data/test_corpus.py",
    "tests/data/test_next_lines.py",
    "tests/data/test_read_texts.py",
    "tests/data/test_sample_strings.py",
    "tests/evaluation",
    "tests/evidence",
    "tests/export/test_sentence_transformers.py",
    "tests/export/test_static.py",
    "tests/forward",
    "tests/integrations/test_embeddings.py",
    "tests/integrations/test_mteb.py",
    "tests/presets/test_checked_files.py",
    "tests/presets/test_download.py",
    "tests/presets/test_locate.py",
    "tests/presets/test_stand_ins.py",
    "tests/maps",
    "tests/search",
    "tests/static",
    "tests/store",
    "tests/serving",
    "tests/test_atomic_output.py",
    "tests/test_docs.py",
    "tests/test_main_directions.py",
    "tests/test_import_law.py",
    "tests/test_memory.py",
    "tests/test_processor.py",
    "tests/test_recipes.py",
    "tests/test_result_tables.py",
)
# What stands among them and asks for the backend.
NOT_PURE = (
    "tests/cli/test_causes.py",
    "tests/cli/test_cli.py",
    "tests/cli/test_cli_encoders.py",
    "tests/cli/test_cli_export.py",
    "tests/cli/test_devices.py",
    "tests/cli/test_serve.py",
)
# Tokenizers and files: JAX has the code of PyTorch for them, without graphs.
NOT_ON_JAX = (
    "tests/archive/test_record.py",
    "tests/checkpoints/test_followed_tokenizers.py",
    "tests/checkpoints/test_tokenizer_steps.py",
    "tests/checkpoints/test_tokenizers.py",
    "tests/export/test_keras_hub.py",
    "tests/preprocessing",
)

# Their docstrings need an optional dependency from the import on.
SERVER = ("starlette", "uvicorn", "prometheus_client", "httpx2")
NEEDS = {
    "keras_mirror/integrations/mteb.py": ("mteb",),
    "keras_mirror/integrations/scikit_learn.py": ("sklearn",),
    "keras_mirror/interop/mteb.py": ("mteb",),
    "keras_mirror/interop/scikit_learn.py": ("sklearn",),
    "keras_mirror/evaluation/report": ("plotly", "jinja2"),
    "keras_mirror/evaluation/tasks/labels.py": ("sklearn",),
    "keras_mirror/evaluation/tfidf.py": ("sklearn",),
    "keras_mirror/evidence/gather.py": ("sklearn",),
    "keras_mirror/evidence/labels.py": ("sklearn",),
    "keras_mirror/maps": ("openTSNE", "plotly", "jinja2", "matplotlib"),
    "keras_mirror/serving": SERVER,
    "tests/campaign/test_served_requests.py": SERVER,
    "tests/serving": SERVER,
}
collect_ignore = [
    path
    for path, modules in NEEDS.items()
    if not all(map(importlib.util.find_spec, modules))
]


def pytest_addoption(parser):
    parser.addoption(
        "--runslow", action="store_true", help="run the slow tests too"
    )
    parser.addoption(
        "--all-backends",
        action="store_true",
        help="run on this backend what others suffice for, too",
    )


def pytest_collection_modifyitems(config, items):
    kept, left_out = [], []
    for item in items:
        path = item.path.relative_to(ROOT).as_posix()
        if path.startswith(PURE) and not path.startswith(NOT_PURE):
            item.add_marker(pytest.mark.pure)
        if "slow" in item.keywords and not config.getoption("--runslow"):
            item.add_marker(pytest.mark.skip(reason="needs --runslow"))
        (kept if _runs_here(item, path) else left_out).append(item)
    if left_out and not config.getoption("--all-backends"):
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _runs_here(item, path):
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if "pure" in item.keywords:
        is_program = "processes" in item.keywords
        return backend == ("tensorflow" if is_program else "torch")
    return backend != "jax" or not path.startswith(NOT_ON_JAX)


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
        MirrorModel=type(model),
        backbone=model.encoder.backbone,
        preprocessor=model.preprocessor,
        tokenizer=model.preprocessor.tokenizer,
    )
