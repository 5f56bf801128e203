import json
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest

TESTS = pathlib.Path(__file__).parents[1]
MODULE = "support.train_on_replicas"
PAPER = {"recipe": "paper_sentence", "span_length": 0}
CASES = {
    "paper": {**PAPER, "batch_size": 20},
    # One of four devices gets nothing on TensorFlow: 2, 2, 1 and 0 rows.
    "uneven sentence": {
        "recipe": "sentence",
        "span_length": 0,
        "batch_size": 5,
    },
    "mini batches": {**PAPER, "batch_size": 20, "mini_batch_size": 6},
    "guided": {**PAPER, "batch_size": 20, "guide_share": 0.3},
}
BACKEND = keras.backend.backend()
pytestmark = pytest.mark.processes
# PyTorch has a process a device.
WAYS = ["processes"] if BACKEND == "torch" else ["devices", "processes"]


@pytest.fixture(scope="module", params=WAYS)
def report(request):
    # Four devices where they do not cost a process each.
    num_replicas = 4 if request.param == "devices" else 2
    flags = f"--xla_force_host_platform_device_count={num_replicas}"
    cases = dict(CASES)
    if request.param != WAYS[0]:
        del cases["mini batches"]  # which know nothing of processes
    process = subprocess.run(
        [
            *(sys.executable, "-m", MODULE),
            *(request.param, str(num_replicas)),
            *map(json.dumps, cases.values()),
        ],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "KERAS_BACKEND": BACKEND,
            "PYTHONPATH": str(TESTS),
            "XLA_FLAGS": flags if request.param == "devices" else "",
        },
    )
    assert process.returncode == 0, process.stderr[-3000:]
    report = json.loads(process.stdout.splitlines()[-1])
    assert report["num_embeddings"] == num_replicas
    report["cases"] = dict(zip(cases, report["cases"], strict=True))
    return report


def test_losses_are_those_of_one_device(report):
    for name, case in report["cases"].items():
        losses = case["losses_on_replicas"]
        assert len(losses) == 8  # five steps, and `evaluate`: loss and metrics
        np.testing.assert_allclose(
            losses, case["losses"], atol=1e-5, err_msg=name
        )


def test_weights_are_those_of_one_device(report):
    for name, case in report["cases"].items():
        assert case["weights"] < 1e-4, name


def test_strings_of_other_replicas_are_negatives(report):
    with_all, with_own = report["first_losses"]
    assert with_all - with_own > 0.1
    loss = report["cases"]["paper"]["losses_on_replicas"][0]
    assert loss == pytest.approx(with_all, abs=1e-5)


def test_replicas_draw_their_own_masks(report):
    assert not report["same_masks"]


def test_processes_share_a_seed(report):
    if BACKEND != "tensorflow":  # which has no way to, before it trains
        assert len(set(report["seeds"])) <= 1
        assert None not in report["seeds"]
