"""`keras-mirror train --devices`; a process is needed for each run."""

import os
import re
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from support.texts import texts

from keras_mirror.cli import devices
from keras_mirror.cli.devices import WorkerProcesses

BACKEND = keras.backend.backend()
CODE = "import keras_mirror_cli; keras_mirror_cli.main()"
SAYS_WHY = """
import sys
sys.exit("Traceback\\nkeras-mirror: error: out of memory")
"""
WAITS_FOR_EVER = """
import time
from keras_mirror.cli import devices

devices.GRACE = 0
devices.CODE = "raise SystemExit(7)"
with devices.WorkerProcesses(3, [], 0, debug=False):
    time.sleep(60)
"""
only_torch = pytest.mark.skipif(
    BACKEND != "torch", reason="only PyTorch has a process a device"
)


@pytest.fixture
def train(preset, tmp_path):
    """Starts training of 30 strings, five of them a batch."""
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join(texts(30)), encoding="utf-8")

    def start(name, *options):
        arguments = ["train", corpus, "--preset", preset, "--batch-size", 5]
        arguments += ["--output", tmp_path / f"{name}.keras"]
        arguments += ["--log", tmp_path / f"{name}.csv", *options]
        return subprocess.Popen(
            [sys.executable, "-c", CODE, *map(str, arguments)],
            env={
                **os.environ,
                "KERAS_BACKEND": BACKEND,
                "OMP_NUM_THREADS": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.mark.processes
def test_two_devices_train_as_one(train, tmp_path):
    options = ["--dropout", 0, "--drophead", 0, "--seed", 3]
    told = {}
    for number in (1, 2):
        process = train(str(number), *options, "--devices", number)
        screen, told[number] = process.communicate(timeout=300)
        assert process.returncode == 0, told[number]
        assert screen == ""
    row = re.compile(r"^devices +(.*)$", re.MULTILINE)
    assert row.findall(told[1]) == [] and row.findall(told[2]) == ["2"]
    assert told[2].count("last loss") == 1  # of one process
    logs = [
        np.genfromtxt(tmp_path / f"{name}.csv", delimiter=",", skip_header=1)
        for name in "12"
    ]
    assert logs[0].shape == (6, 6)
    np.testing.assert_allclose(*logs, atol=1e-5)
    models = [
        keras.saving.load_model(tmp_path / f"{name}.keras") for name in "12"
    ]
    assert [model.record.runs[0].steps for model in models] == [6, 6]
    vectors = [model.encode_text(texts(5)) for model in models]
    np.testing.assert_allclose(*vectors, atol=1e-4)


def test_no_devices_are_refused(command, tmp_path):
    code, _, errors = command(
        *["train", "corpus.txt", "--output", tmp_path / "encoder.keras"],
        *["--devices", 0],
    )
    assert code == 2 and "0 is not in the range x>=1" in errors


# === Processes ===


@pytest.mark.processes
@only_torch
@pytest.mark.parametrize("is_dead", [False, True], ids=["ctrl-c", "killed"])
def test_processes_end_together(train, tmp_path, is_dead):
    process = train("long", "--devices", 2, "--epochs", 10_000)
    log = tmp_path / "long.csv"
    wait_until(lambda: log.exists() and log.read_text().count("\n") > 3)
    (worker,) = children(process.pid)
    if is_dead:
        os.kill(worker, signal.SIGKILL)
    else:
        process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    saved = tmp_path / "long.interrupted.keras"
    if is_dead:
        assert process.returncode == 1
        line = errors.strip().splitlines()[-1]
        reason = "process 2 of 2 failed: exit code -9"
        assert line == f"keras-mirror: error: {reason}"
        assert not saved.exists()
    else:
        assert process.returncode == 130, errors
        steps = keras.saving.load_model(saved).optimizer.iterations
        assert int(steps) == log.read_text().count("\n") - 1
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_last_words_of_a_process_are_told(monkeypatch):
    monkeypatch.setattr(devices, "CODE", SAYS_WHY)
    message = "process 2 of 2 failed: out of memory"
    with pytest.raises(RuntimeError, match=message):
        with WorkerProcesses(2, [], port=0, debug=False):
            raise RuntimeError("Connection closed by peer")


def test_own_errors_come_first(monkeypatch):
    monkeypatch.setattr(devices, "CODE", SAYS_WHY)
    with pytest.raises(ValueError, match="wrong preset"):
        with WorkerProcesses(2, [], port=0, debug=False):
            raise ValueError("wrong preset")


@pytest.mark.processes
def test_a_process_that_waits_for_a_dead_one_ends():
    process = subprocess.run(
        [sys.executable, "-c", WAITS_FOR_EVER],
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert process.returncode == 1
    error = process.stderr.strip().splitlines()[-1]
    assert error.startswith("keras-mirror: error: process ")
    assert error.endswith(" of 3 failed: exit code 7")


def wait_until(happened, seconds=120):
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def children(pid):
    listing = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)],
        capture_output=True,
        text=True,
    )
    return list(map(int, listing.stdout.split()))
