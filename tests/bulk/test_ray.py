"""Encoding in Ray's workers, some of which die on the way."""

import importlib.util
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from support.models import make_model
from support.processes import run_python
from support.texts import texts

from keras_mirror.bulk import ShardPlan
from keras_mirror.bulk import encode_files

if importlib.util.find_spec("ray") is None:
    pytest.skip("needs the extra [ray]", allow_module_level=True)
pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        sys.platform != "linux", reason="/proc finds the workers"
    ),
]
MARK = "KERAS_MIRROR_TEST_RUN"
COMMAND = "import keras_mirror_cli; keras_mirror_cli.main()"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "encoder.keras"
    make_model(sequence_length=12).save(path)
    return path


def write_texts(folder, number):
    """Two files, whose texts have many lengths."""
    lines = [
        f"{' '.join(['word'] * (1 + row % 5))} {row}" for row in range(number)
    ]
    half = number // 2
    (folder / "a.txt").write_text("\n".join(lines[:half]))
    (folder / "b.txt").write_text("\n".join(lines[half:]))
    return tuple(str(folder / name) for name in ("a.txt", "b.txt"))


def content(folder):
    return {
        path.name: path.read_bytes()
        for path in pathlib.Path(folder).glob("*.parquet")
    }


IN_SHORT = pytest.param(
    8_000,  # enough to be killed in the middle
    marks=pytest.mark.skipif(
        keras.backend.backend() != "torch",
        reason="on the backend that starts fastest: they only differ in what "
        "a worker computes; --runslow runs the long form on all",
    ),
)


@pytest.fixture(
    params=[IN_SHORT, pytest.param(200_000, marks=pytest.mark.slow)]
)
def run(request, archive, tmp_path):
    """Starts `keras-mirror encode` on Ray in a process, and names its parts."""
    paths = write_texts(tmp_path, request.param)
    rows_per_shard = request.param // 40
    plan = ShardPlan(paths, rows_per_shard=rows_per_shard)
    encode_files(archive, plan, str(tmp_path / "whole"))

    class Run:
        whole = content(tmp_path / "whole")
        out = tmp_path / "out"
        environment = os.environ | {
            "KERAS_BACKEND": keras.backend.backend(),
            MARK: str(tmp_path),
        }

        def start(self):
            return subprocess.Popen(
                [sys.executable, "-c", COMMAND, "encode", archive]
                + [*paths, "--output", self.out, "--engine", "ray"]
                + ["--workers", "2", "--rows-per-file", str(rows_per_shard)],
                stderr=subprocess.PIPE,
                text=True,
                env=self.environment,
            )

        def wait_for(self, process, number):
            """Until so many shards are there."""
            end = time.monotonic() + 300
            while len(content(self.out)) < number:
                assert time.monotonic() < end and process.poll() is None
                time.sleep(0.02)

        def workers(self):
            return [
                process
                for process in processes_with(f"{MARK}={tmp_path}")
                if "_Writer" in command_of(process)
            ]

    return Run()


def processes_with(setting):
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # it ended, or is not ours
            continue
        if setting.encode() in environment:
            yield int(folder.name)


def command_of(process):
    try:
        return pathlib.Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return ""


def test_killed_workers_and_killed_runs_leave_no_trace(run):
    process = run.start()
    run.wait_for(process, 5)
    victim, *_ = run.workers()
    os.kill(victim, signal.SIGKILL)
    run.wait_for(process, 15)
    process.kill()
    process.communicate()
    before = content(run.out)
    assert 15 <= len(before) < 40
    assert not (run.out / "_SUCCESS").exists()

    process = run.start()
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    # Workers may have ended a shard or two before they noticed.
    num_found = int(re.search(r"40, (\d+) were there", errors)[1])
    assert len(before) <= num_found < 40
    assert content(run.out) == run.whole
    assert (run.out / "_SUCCESS").exists()


@pytest.mark.slow
def test_a_killed_worker_is_replaced(run):
    process = run.start()
    run.wait_for(process, 5)
    victim, *_ = run.workers()
    os.kill(victim, signal.SIGKILL)
    assert len(content(run.out)) < 40
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert content(run.out) == run.whole


def test_an_error_of_a_worker_is_told_as_it_is(archive, tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\nb\n\xff\n")
    process = subprocess.run(
        [sys.executable, "-c", COMMAND, "encode", archive, path]
        + ["--output", tmp_path / "out", "--engine", "ray", "--workers", "1"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"KERAS_BACKEND": keras.backend.backend()},
    )
    assert process.returncode == 1
    last_line = process.stderr.strip().splitlines()[-1]
    assert last_line.startswith(f"keras-mirror: error: {path}, line 3 is not")
    assert last_line.endswith("or use a command's `--encoding` or `--errors`")
    assert "Traceback" not in process.stderr


# In a process of its own: JAX that has started does not like forks.
MAP_BATCHES = """
import json, sys
import ray
from keras_mirror.bulk import ArchiveEncoder

archive, texts = sys.argv[1], json.loads(sys.argv[2])
ray.init(num_cpus=2, include_dashboard=False)
rows = ray.data.from_items([{"text": text} for text in texts]).map_batches(
    ArchiveEncoder,
    fn_constructor_args=[archive],
    batch_size=7,
    concurrency=1,
)
vectors = {row["text"]: row["vector"].tolist() for row in rows.take_all()}
print(json.dumps(vectors))
"""


def test_map_batches_with_the_archive_encoder(archive):
    strings = texts(20)
    printed = run_python(
        MAP_BATCHES,
        *[archive, json.dumps(strings)],
        backend=keras.backend.backend(),
    )
    found = json.loads(printed.splitlines()[-1])
    expected = keras.saving.load_model(archive).encode_text(strings)
    vectors = np.array([found[text] for text in strings])
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
