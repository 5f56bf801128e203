import hashlib
import os

import pytest

from keras_mirror.presets import checked_files
from keras_mirror.presets.checked_files import sha256


@pytest.fixture
def digests(monkeypatch):
    """The files that were read."""
    read = []
    digest = hashlib.file_digest

    def told(file, name):
        read.append(file.name)
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", told)
    monkeypatch.setattr(checked_files, "_known", {})
    return read


def aged(path, content, monkeypatch):
    path.write_bytes(content)
    later = path.stat().st_ctime_ns + 2 * checked_files._RECENT
    monkeypatch.setattr(checked_files.time, "time_ns", lambda: later)


def test_a_file_is_read_once(tmp_path, digests, monkeypatch):
    path = tmp_path / "weights"
    aged(path, b"abc", monkeypatch)
    expected = hashlib.sha256(b"abc").hexdigest()
    assert [sha256(path), sha256(str(path))] == [expected, expected]
    assert len(digests) == 1


def test_a_file_that_changed_is_read_again(tmp_path, digests, monkeypatch):
    path = tmp_path / "weights"
    aged(path, b"abc", monkeypatch)
    before = path.stat()
    sha256(path)
    aged(path, b"abd", monkeypatch)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert sha256(path) == hashlib.sha256(b"abd").hexdigest()


def test_a_file_of_this_instant_is_read_again(tmp_path, digests):
    path = tmp_path / "weights"
    path.write_bytes(b"abc")
    sha256(path)
    sha256(path)
    assert len(digests) == 2
