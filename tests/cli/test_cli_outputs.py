"""What commands write, where it cannot be written or something is there."""

import errno
import os
import pathlib
import re
import sys
import threading
import types

import keras
import pytest
from support.texts import texts

from keras_mirror.cli import models
from keras_mirror.evaluation import score
from keras_mirror.output_locks import claimed_output

# Commands that take long, and what they work on.
WORK = {
    "train": ["{corpus}", "--preset", "{preset}", "--pairs"],
    "encode": ["{archive}", "{corpus}"],
    "index": ["{archive}", "{corpus}"],
    "adapt": ["{archive}", "{corpus}"],
    "quickstart": ["--preset", "{preset}"],
}
SUFFIXES = {"encode": ".npy", "index": ".index"}


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(f"{text}\t{text}" for text in texts(6)))
    return path


@pytest.fixture
def scores(archive, corpus, tmp_path):
    output = tmp_path / "scores.tsv"
    return ["similarity", archive, corpus, "--output", output]


@pytest.fixture
def late(monkeypatch):
    """Makes a file appear while the model loads."""

    def appear(module, path):
        open_encoder = module.open_encoder

        def open_late(*arguments, **options):
            pathlib.Path(path).write_text("precious")
            return open_encoder(*arguments, **options)

        monkeypatch.setattr(module, "open_encoder", open_late)

    return appear


@pytest.mark.parametrize(
    "name, options",
    [
        ("similarity", []),
        ("encode", []),
        ("index", []),
        ("duplicates", ["--threshold", -1]),
        ("cluster", ["--clusters", 2]),
    ],
)
def test_what_came_meanwhile_stays(
    name, options, command, late, archive, corpus, tmp_path
):
    output = tmp_path / "output.npy"
    home = {"cluster": "corpus", "duplicates": "corpus"}.get(name, name)
    late(sys.modules[f"keras_mirror.cli.{home}"], output)
    arguments = [name, archive, corpus, "--output", output, *options]
    code, _, errors = command(*arguments)
    assert code == 1 and output.read_text() == "precious"
    if name == "index":  # refuses before it writes
        return
    kept = tmp_path / "output-2.npy"
    assert f"The output is in '{kept}'" in errors and kept.exists()
    assert command(*arguments, "--overwrite")[0] == 0
    assert output.read_bytes() == kept.read_bytes()


def test_the_second_run_is_refused_at_once(command, scores, tmp_path):
    output = scores[-1]
    with claimed_output(output):
        code, _, errors = command(*scores, "--overwrite")
    assert code == 2 and errors.count("\n") == 1
    assert f"'{output}' is being written by another process" in errors
    assert command(*scores)[0] == 0
    assert sorted(os.listdir(tmp_path)) == ["corpus.txt", "scores.tsv"]


# === What is at the place of an output ===

# Commands, with the option that names their output last.
WRITERS = {
    "similarity": ("{archive} {corpus} --output", ".tsv"),
    "encode": ("{archive} {corpus} --output", ".npy"),
    "index": ("{archive} {corpus} --output", ".index"),
    "duplicates": ("{archive} {corpus} --threshold -1 --output", ".tsv"),
    "duplicates --keep": ("{archive} {corpus} --keep", ".txt"),
    "cluster": ("{archive} {corpus} --clusters 2 --output", ".tsv"),
    "export": ("{archive} --format keras --output", ".keras"),
    "map": ("{archive} {corpus} --clusters 2 --html", ".html"),
    "map --png": ("{archive} {corpus} --clusters 2 --png", ".png"),
    "judge": ("{archive} {other} {corpus} --html", ".html"),
    "evaluate": ("{archive} {scored} --html", ".html"),
    "evaluate --json": ("{archive} {scored} --json", ".json"),
}


@pytest.fixture(params=WRITERS)
def writer(
    request, command, archive, trained_archive, corpus, tmp_path, monkeypatch
):
    """A command that writes, and the name of its output."""
    monkeypatch.setattr(score, "NUM_RESAMPLES", 50)
    corpus.write_text("\n".join(f"{text}\t{text}" for text in texts(40)))
    scored = tmp_path / "scored.tsv"
    pairs = enumerate(corpus.read_text().splitlines())
    scored.write_text("\n".join(f"{pair}\t{n % 6}" for n, pair in pairs))
    template, suffix = WRITERS[request.param]
    files = {
        "archive": archive,
        "other": trained_archive,
        "corpus": corpus,
        "scored": scored,
    }
    arguments = [part.format(**files) for part in template.split()]

    def call(output, *options):
        name = request.param.split()[0]
        code, _, errors = command(name, *arguments, output, *options)
        return code, errors

    return call, tmp_path / f"output{suffix}"


def test_a_file_stays_without_overwrite(writer):
    call, output = writer
    output.write_text("precious")
    code, errors = call(output)
    assert (code, errors.count("\n")) == (2, 1)
    assert f"'{output}' exists. Choose another" in errors
    assert output.read_text() == "precious"


# An index is a folder.
WRITERS_OF_FILES = [name for name in WRITERS if name != "index"]


@pytest.mark.parametrize("writer", WRITERS_OF_FILES, indirect=True)
def test_a_link_stays_a_link_and_a_file_keeps_its_mode(writer, tmp_path):
    call, output = writer
    target = tmp_path / "folder" / "target"
    target.parent.mkdir()
    target.write_text("old")
    target.chmod(0o640)
    output.symlink_to(target)
    code, errors = call(output, "--overwrite")
    assert code == 0, errors
    assert output.is_symlink() and target.read_bytes() != b"old"
    assert target.stat().st_mode & 0o777 == 0o640
    assert os.listdir(target.parent) == ["target"]


@pytest.mark.parametrize("writer", WRITERS_OF_FILES, indirect=True)
def test_a_pipe_is_written_to(writer):
    call, output = writer
    os.mkfifo(output)
    received = []
    reader = threading.Thread(
        target=lambda: received.append(output.read_bytes()), daemon=True
    )
    reader.start()
    code, errors = call(output)
    assert code == 0, errors
    reader.join(timeout=60)
    assert received[0] and output.is_fifo()


@pytest.mark.parametrize("writer", ["index"], indirect=True)
def test_an_index_replaces_what_a_link_leads_to(writer, tmp_path):
    call, output = writer
    target = tmp_path / "folder" / "target"
    target.parent.mkdir()
    output.symlink_to(target)
    for options in ([], ["--overwrite"]):
        code, errors = call(output, *options)
        assert code == 0, errors
        assert output.is_symlink() and (target / "vectors.npy").is_file()
    assert os.listdir(target.parent) == ["target"]


@pytest.mark.parametrize("writer", ["index"], indirect=True)
@pytest.mark.parametrize("make", [os.mkfifo, pathlib.Path.touch])
def test_an_index_is_written_to_no_file(writer, make):
    call, output = writer
    make(output)
    code, errors = call(output, "--overwrite")
    assert code == 2 and "is a file or pipe but not an index" in errors


def test_a_device_needs_no_overwrite(command, scores):
    assert command(*scores[:-1], os.devnull)[0] == 0


def test_other_users_can_read_an_export(command, archive, tmp_path):
    output = tmp_path / "folder"
    code, _, errors = command("export", archive, "--output", output)
    assert code == 0, errors
    umask = os.umask(0)
    os.umask(umask)
    files = [path for path in output.rglob("*") if path.is_file()]
    modes = {path.stat().st_mode & 0o777 for path in files}
    assert modes == {0o666 & ~umask}


# === Full disks and memories ===


def test_no_memory_is_told(command, scores, monkeypatch):
    def full(*arguments, **options):
        raise MemoryError

    module = sys.modules["keras_mirror.cli.similarity"]
    monkeypatch.setattr(module, "open_encoder", full)
    code, _, errors = command(*scores)
    assert (code, errors) == (
        1,
        "keras-mirror: error: there is not enough memory.\n",
    )


@pytest.mark.parametrize("name", WORK)
def test_the_disk_is_looked_at_before_the_work(
    name, command, archive, preset, corpus, tmp_path, monkeypatch
):
    full = types.SimpleNamespace(free=10)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: full)
    monkeypatch.setattr(keras.Model, "fit", None)
    output = tmp_path / f"output{SUFFIXES.get(name, '.keras')}"
    files = {"archive": archive, "preset": preset, "corpus": corpus}
    arguments = [each.format(**files) for each in WORK[name]]
    code, _, errors = command(name, *arguments, "--output", output)
    assert code == 1 and f"error: '{output}' needs " in errors
    assert " MB of disk space. Received: 0.0 MB free" in errors


@pytest.fixture
def full_disk():
    """No file may be longer than some bytes, which Linux tells as it is."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    "name, output",
    [
        ("similarity", "scores.tsv"),
        ("encode", "vectors.npy"),
        ("encode", "vectors"),
        ("index", "index"),
        ("export", "encoder"),
    ],
)
def test_a_full_disk_harms_nothing(
    name, output, command, preset, corpus, tmp_path, request
):
    output = tmp_path / output
    corpus.write_text("\n".join(f"{text}\t{text}" for text in texts(300)))
    arguments = [name, preset, *([corpus] if name != "export" else [])]
    if output.suffix:
        output.write_text("precious")
        arguments.append("--overwrite")
    request.getfixturevalue("full_disk")
    code, _, errors = command(*arguments, "--output", output)
    told = rf"keras-mirror: error: '{output}[^']*': File too large\n$"
    assert code == 1 and re.search(told, errors), errors
    if output.suffix:
        assert output.read_text() == "precious"
    left = {path.name for path in tmp_path.iterdir()} - {output.name}
    assert left == {"corpus.txt"}


def test_what_cannot_be_saved_is_kept_elsewhere(model, tmp_path, monkeypatch):
    output, elsewhere = tmp_path / "full" / "a.keras", tmp_path / "temporary"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    write = models._write_archive

    def full(model, path, *options):
        if path == str(output):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(model, path, *options)

    monkeypatch.setattr(models, "_write_archive", full)
    with pytest.raises(OSError) as error:
        models.save_archive(model, str(output), overwrite=False)
    (kept,) = elsewhere.glob("*/a.keras")
    assert str(error.value) == (
        f"'{output}' cannot be written: No space left on device. The archive "
        f"is '{kept}'"
    )
    assert keras.saving.load_model(kept).recipe == model.recipe
