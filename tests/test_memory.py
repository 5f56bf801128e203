"""What this process may still take, under limits that are written or set."""

import os
import sys
import types

import psutil
import pytest
from support.processes import run_python

from keras_mirror import memory
from keras_mirror.memory import free_memory

pytestmark = pytest.mark.pure
AVAILABLE = 50_000


@pytest.fixture(autouse=True)
def system(monkeypatch):
    """A system with little available memory and no limits of processes."""
    system = types.SimpleNamespace(available=AVAILABLE)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: system)
    monkeypatch.setattr(memory, "_left_of_limits", lambda: [])


def write_group(folder, version, limit, usage, **statistics):
    names = {
        1: ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        2: ("memory.max", "memory.current"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in zip(names[version], (limit, usage), strict=True):
        (folder / name).write_text(f"{value}\n")
    lines = [f"{name} {value}" for name, value in statistics.items()]
    (folder / "memory.stat").write_text("\n".join(["anon 7", *lines, ""]))


def write_membership(root, *lines):
    folder = root / "proc" / "self"
    folder.mkdir(parents=True)
    (folder / "cgroup").write_text("".join(f"{line}\n" for line in lines))


def test_without_limits_it_is_what_the_system_has(tmp_path):
    assert free_memory(tmp_path) == AVAILABLE


def test_a_limit_of_version_2(tmp_path):
    write_membership(tmp_path, "0::/user/job")
    mount = tmp_path / "sys/fs/cgroup"
    write_group(mount / "user/job", 2, 30_000, 10_000)
    assert free_memory(tmp_path) == 20_000


def test_a_limit_of_version_1(tmp_path):
    write_membership(tmp_path, "9:cpu:/other", "4:memory:/job", "0::/")
    mount = tmp_path / "sys/fs/cgroup/memory"
    write_group(mount / "job", 1, 30_000, 10_000)
    write_group(mount / "other", 1, 3, 1)
    assert free_memory(tmp_path) == 20_000


@pytest.mark.parametrize("tight", ["user", "user/job", "."])
def test_the_tightest_group_on_the_way_up_counts(tmp_path, tight):
    write_membership(tmp_path, "0::/user/job")
    mount = tmp_path / "sys/fs/cgroup"
    for name in (".", "user", "user/job"):
        limit = 12_000 if name == tight else 40_000
        write_group(mount / name, 2, limit, 10_000)
    write_group(mount / "user/job/below", 2, 1, 1)
    assert free_memory(tmp_path) == 2_000


def test_a_container_that_is_named_by_a_path_of_its_host(tmp_path):
    write_membership(tmp_path, "4:memory:/docker/0123")
    write_group(tmp_path / "sys/fs/cgroup/memory", 1, 30_000, 10_000)
    assert free_memory(tmp_path) == 20_000


@pytest.mark.parametrize("unlimited", ["max", 2**63 - 4096])
def test_groups_without_a_limit(tmp_path, unlimited):
    version = 2 if unlimited == "max" else 1
    name = {1: "4:memory:/job", 2: "0::/job"}[version]
    write_membership(tmp_path, name)
    mount = tmp_path / "sys/fs/cgroup" / ("memory" if version == 1 else "")
    write_group(mount / "job", version, unlimited, 10_000)
    assert free_memory(tmp_path) == AVAILABLE


@pytest.mark.parametrize("version", [1, 2])
def test_files_that_can_be_dropped_from_memory_are_free(tmp_path, version):
    write_membership(tmp_path, {1: "4:memory:/job", 2: "0::/job"}[version])
    mount = tmp_path / "sys/fs/cgroup" / ("memory" if version == 1 else "")
    prefix = {1: "total_", 2: ""}[version]
    files = {f"{prefix}inactive_file": 6_000, f"{prefix}active_file": 3_000}
    mapped = {1: "total_mapped_file", 2: "file_mapped"}[version]
    statistics = {**files, mapped: 1_000}
    write_group(mount / "job", version, 30_000, 29_000, **statistics)
    assert free_memory(tmp_path) == 1_000 + 8_000


def test_it_is_never_negative(tmp_path):
    write_membership(tmp_path, "0::/job")
    write_group(tmp_path / "sys/fs/cgroup/job", 2, 10_000, 12_000)
    assert free_memory(tmp_path) == 0


LIMIT = """
import resource, sys
import keras_mirror_cli
from keras_mirror.memory import free_memory

name, left = getattr(resource, sys.argv[1]), int(sys.argv[2])
before = free_memory()
resource.setrlimit(name, (2**50, resource.getrlimit(name)[1]))
print(before - free_memory())
import psutil
has = psutil.Process().memory_info()
used = has.vms if sys.argv[1] == "RLIMIT_AS" else has.data
resource.setrlimit(name, (used + left, resource.getrlimit(name)[1]))
print(free_memory())
try:
    bytearray(2 * left)
    print("taken")
except MemoryError:
    print("refused")
"""


@pytest.mark.processes
@pytest.mark.skipif(sys.platform != "linux", reason="others ignore it")
@pytest.mark.parametrize("name, share", [("RLIMIT_AS", 2), ("RLIMIT_DATA", 1)])
def test_limits_of_the_process(name, share):
    left = 200_000_000
    backend = os.environ.get("KERAS_BACKEND", "torch")
    output = run_python(LIMIT, name, left, backend=backend).split()
    unlimited, free, taken = int(output[0]), int(output[1]), output[2]
    assert abs(unlimited) < 1e9  # what else happens on this machine
    assert 0.9 * left < share * free <= left
    assert taken == "refused"


def test_bytes_as_people_say_them():
    assert memory.readable(999_900_000) == "1000 MB"
    assert memory.readable(1_000_000_000) == "1.0 GB"
