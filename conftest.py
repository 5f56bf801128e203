"""What the examples in docstrings may use, see `pytest --doctest-modules`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "tests"))


@pytest.fixture(autouse=True)
def docstring_names(request, doctest_namespace):
    if not hasattr(request.node, "dtest"):
        return
    import helpers
    import numpy as np

    model = helpers.make_model()
    doctest_namespace.update(
        np=np,
        model=model,
        backbone=model.encoder.backbone,
        preprocessor=model.preprocessor,
        tokenizer=model.preprocessor.tokenizer,
    )
