"""Outputs that replace nothing unasked, and one writer for each."""

import os
import stat
import threading

import pytest
from support.processes import run_python

from keras_mirror import atomic_output as module
from keras_mirror import output_locks
from keras_mirror.atomic_output import atomic_output
from keras_mirror.output_locks import claimed_output


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.txt"


def write(path, text="new", **options):
    with atomic_output(path, **options) as unfinished:
        unfinished.write_text(text)


# === What came meanwhile ===


@pytest.mark.parametrize("has_links", [True, False])
@pytest.mark.parametrize("is_folder", [True, False])
def test_what_came_meanwhile_stays(
    path, tmp_path, monkeypatch, has_links, is_folder
):
    def no_link(*names):
        raise OSError("no links here")

    if not has_links:
        monkeypatch.setattr(os, "link", no_link)
    with pytest.raises(
        FileExistsError, match=r"replaced. The output is in '.*out-2.txt'"
    ):
        with atomic_output(path, overwrite=False) as unfinished:
            path.write_text("precious")
            if is_folder:
                unfinished.mkdir()
                unfinished = unfinished / "inside"
            unfinished.write_text("new")
    assert path.read_text() == "precious"
    kept = tmp_path / "out-2.txt"
    assert (kept / "inside" if is_folder else kept).read_text() == "new"
    assert len(os.listdir(tmp_path)) == 2


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_new_file(path, tmp_path, overwrite):
    write(path, overwrite=overwrite)
    assert path.read_text() == "new" and path.stat().st_nlink == 1
    assert os.listdir(tmp_path) == [path.name]


def test_the_old_folder_comes_back_where_the_new_one_fails(
    path, tmp_path, monkeypatch
):
    path.mkdir()
    (path / "old").write_text("precious")

    def interrupt(*names):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        with atomic_output(path, replace_folder=True) as unfinished:
            unfinished.mkdir()
            monkeypatch.setattr(module.pathlib.Path, "replace", interrupt)
    assert (path / "old").read_text() == "precious"
    assert os.listdir(tmp_path) == [path.name]


# === Devices, pipes, links, permissions ===


def test_a_device_stays_a_device():
    write(os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.skipif(os.name == "nt", reason="has no such pipes")
def test_a_pipe_is_written_to(path, tmp_path):
    os.mkfifo(path)
    read = []
    reader = threading.Thread(target=lambda: read.append(path.read_text()))
    reader.start()
    write(path, overwrite=False)
    reader.join()
    assert read == ["new"] and os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_followed(path, tmp_path, exists):
    target = tmp_path / "folder" / "target.txt"
    target.parent.mkdir()
    if exists:
        target.write_text("old")
    path.symlink_to(target)
    write(path, overwrite=exists)
    assert path.is_symlink() and target.read_text() == "new"
    assert os.listdir(target.parent) == [target.name]


@pytest.mark.skipif(os.name == "nt", reason="has other permissions")
def test_permissions_are_those_of_new_files_or_of_the_old_one(path, tmp_path):
    def write_private():
        with atomic_output(path) as unfinished:
            unfinished.touch(0o600)  # as `safetensors` does

    umask = os.umask(0o027)
    try:
        write_private()
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o660)
        write_private()
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
    finally:
        os.umask(umask)


def test_all_is_on_the_disk_before_it_appears(path, monkeypatch):
    flushed = []
    monkeypatch.setattr(
        module.os,
        "fsync",
        lambda file: flushed.append((os.fstat(file).st_ino, path.exists())),
    )
    write(path)
    folder = path.parent.stat().st_ino
    assert flushed == [(path.stat().st_ino, False), (folder, True)]


# === Two writers, and killed ones ===

CLAIM = """
import sys
from keras_mirror.output_locks import claimed_output
try:
    with claimed_output(sys.argv[1]): print("claimed")
except BlockingIOError as error: print(error)
"""


@pytest.mark.skipif(output_locks.fcntl is None, reason="there are no locks")
def test_the_second_writer_is_refused(path, tmp_path):
    with claimed_output(path):
        told = run_python(CLAIM, path, backend="jax")
        assert f"'{path}' is being written by another process" in told
        with pytest.raises(BlockingIOError, match="by another process"):
            with claimed_output(path):
                pass
    assert run_python(CLAIM, path, backend="jax") == "claimed\n"
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(output_locks.fcntl is None, reason="there are no locks")
def test_what_killed_writers_left_is_removed(path, tmp_path):
    killed, other = (
        tmp_path / f".{name}.x1y2z3.unfinished"
        for name in (path.name, "other.txt")
    )
    (killed / "old").mkdir(parents=True)  # killed between two renames
    (tmp_path / f".{path.name}.lock").touch()
    other.mkdir()
    with atomic_output(path) as unfinished:
        with claimed_output(path):
            assert unfinished.parent.is_dir() and not killed.exists()
            assert path.is_dir() and other.exists()
            path.rmdir()
        unfinished.touch()


def test_the_lock_of_a_file_that_was_removed_does_not_count(path, monkeypatch):
    lock = path.with_name(f".{path.name}.lock")
    locked = output_locks._lock

    def lock_late(descriptor):
        monkeypatch.setattr(output_locks, "_lock", locked)
        lock.unlink()  # as the writer before does at its end
        return locked(descriptor)

    monkeypatch.setattr(output_locks, "_lock", lock_late)
    with claimed_output(path):
        assert lock.exists()
