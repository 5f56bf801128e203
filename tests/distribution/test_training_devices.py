"""Where a model trains; GPUs are fakes, since tests have none."""

import sys
import types

import keras
import pytest
from support.memory import set_free_memory
from support.processes import run_python

from keras_mirror.distribution import training_devices
from keras_mirror.distribution.replica import Devices

BACKEND = keras.backend.backend()
KEEPING = """
import tensorflow as tf
from keras_mirror.distribution.tensorflow import kept_on_cpus

numbers = tf.zeros(10**8)
print(kept_on_cpus())
del numbers
print(kept_on_cpus())
"""
# Two processes meet; the first prints what it listens on, in hexadecimal.
MEETING = """
import os, pathlib, subprocess, sys
import torch.distributed
from keras_mirror.distribution.torch import TorchGroup

rank, port = map(int, sys.argv[1:])
group = TorchGroup(rank, 2, port)
if not rank:
    other = [*sys.orig_argv[:3], "1", str(group.port)]
    other = subprocess.Popen(other, stdout=subprocess.DEVNULL)
group.join()
torch.distributed.barrier()
if not rank:
    files = map(os.path.realpath, pathlib.Path("/proc/self/fd").iterdir())
    own = {file.rpartition(":")[2] for file in files if "socket" in file}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            _, address, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"[{inode}]" in own:
                print(address.partition(":")[0])
torch.distributed.barrier()
if not rank:
    other.wait()
"""


@pytest.fixture(autouse=True)
def system(monkeypatch):
    set_free_memory(monkeypatch, 9_000)


def test_a_single_cpu_has_the_memory_of_the_machine(model):
    devices = training_devices(model)
    assert (devices.number, devices.number_here) == (1, 1)
    assert devices.free_memory == 9_000


def test_parts_of_a_cpu_share_its_memory():
    assert Devices(number=6, number_here=3).free_memory == 3_000


def test_gpus_have_their_own():
    assert Devices(2, 2, gpu_memory=500).free_memory == 500


def test_what_the_framework_keeps_is_free(monkeypatch):
    set_free_memory(monkeypatch, 9_000)
    assert Devices(2, 2, kept=1_000).free_memory == 5_000


@pytest.mark.processes
@pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow's CPU")
@pytest.mark.parametrize("one_dnn", ["0", "1"])
def test_tensorflow_keeps_what_it_took(one_dnn):
    output = run_python(KEEPING, backend=BACKEND, TF_ENABLE_ONEDNN_OPTS=one_dnn)
    before, kept = map(int, output.split())
    assert before == 0
    assert kept == pytest.approx(int(one_dnn) * 4 * 10**8, abs=10**6)


@pytest.mark.processes
@pytest.mark.skipif(BACKEND != "torch", reason="processes of PyTorch")
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_processes_of_torch_listen_to_this_machine_alone():
    addresses = run_python(MEETING, 0, 0, backend=BACKEND).split()
    assert len(addresses) >= 2  # where they meet, and where they exchange
    assert set(addresses) == {"0100007F"}  # 127.0.0.1


@pytest.mark.parametrize("rows, expected", [(400, 134), (399, 133), (1, 1)])
def test_rows_of_a_device(rows, expected):
    assert Devices(number=3).rows(rows) == expected


@pytest.mark.skipif(BACKEND != "torch", reason="fakes PyTorch's GPU")
def test_a_gpu_of_torch(model, monkeypatch):
    import torch

    fakes = dict(
        is_available=lambda: True,
        mem_get_info=lambda: (700, 1_000),
        memory_reserved=lambda: 200,
        memory_allocated=lambda: 150,
    )
    for name, fake in fakes.items():
        monkeypatch.setattr(torch.cuda, name, fake)
    assert training_devices(model).free_memory == 700 + 50


@pytest.mark.skipif(BACKEND != "jax", reason="fakes JAX's GPUs")
def test_gpus_of_jax(model, monkeypatch):
    import jax

    def gpu(used):
        statistics = {"bytes_limit": 1_000, "bytes_in_use": used}
        return types.SimpleNamespace(memory_stats=lambda: statistics)

    monkeypatch.setattr(jax, "local_devices", lambda: [gpu(100), gpu(300)])
    assert training_devices(model).free_memory == 700


@pytest.mark.skipif(BACKEND != "tensorflow", reason="fakes TensorFlow's GPUs")
def test_gpus_of_tensorflow(model, monkeypatch):
    import tensorflow as tf
    from tensorflow.python.client import device_lib

    names = ["/device:GPU:0", "/device:GPU:1"]
    used = {"GPU:0": 100, "GPU:1": 300}
    Device = types.SimpleNamespace
    gpus = [Device(name=name) for name in names]
    limits = [Device(name=name, memory_limit=1_000) for name in names]
    limits.append(Device(name="/device:CPU:0", memory_limit=1))
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: gpus)
    monkeypatch.setattr(device_lib, "list_local_devices", lambda: limits)
    monkeypatch.setattr(
        tf.config.experimental,
        "get_memory_info",
        lambda name: {"current": used[name], "peak": 1_000},
    )
    assert training_devices(model).free_memory == 700
