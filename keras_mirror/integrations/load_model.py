"""Loads models from archives and presets; imports Keras only when used."""

import json
import os
import shutil
import traceback
from typing import Any

from keras_mirror.archive.declared_sizes import check_declared
from keras_mirror.archive.declared_sizes import most_tokens
from keras_mirror.archive.limits import ASSETS
from keras_mirror.archive.limits import CONFIG
from keras_mirror.archive.limits import WEIGHTS
from keras_mirror.archive.limits import check_vocabularies
from keras_mirror.archive.reading import WrongArchiveError
from keras_mirror.archive.reading import opened_archive
from keras_mirror.archive.reading import unreadable
from keras_mirror.archive.weight_budget import weight_budget
from keras_mirror.archive.weight_count import WeightCount
from keras_mirror.archive.weight_count import count_weights
from keras_mirror.machine_errors import check_machine

ARCHIVE_SUFFIX = ".keras"
# The message that Keras passes on if a tokenizer cannot read its vocabulary.
_NO_VOCABULARY = "expected str, bytes or os.PathLike object, not NoneType"


def as_model(model):
    """Returns a model, or loads it from an archive or a preset.

    Args:
        model: A `MirrorModel`, the path of its `.keras` archive, or what
            `MirrorModel.from_preset` takes.

    Returns:
        A `MirrorModel`; one of an archive without its optimizer.

    Raises:
        FileNotFoundError: There is no such archive.
        TypeError: `model` has another type, or the archive holds another model.
        ValueError: The archive is damaged, or there is no such preset.

    Example:

    >>> as_model(model) is model
    True
    """
    if isinstance(model, (str, os.PathLike)):
        if not is_archive(model):
            return load_model(model)
        try:
            model = _load(model, compile=False)
        except WrongArchiveError as error:
            raise TypeError(str(error)) from error
    check_model(model, "a `MirrorModel`, its archive or a preset")
    return model


def is_archive(name: str | os.PathLike) -> bool:
    """Whether a name is that of an archive, not of a preset.

    Example:

    >>> is_archive("encoder.keras"), is_archive("all_minilm_l6_v2_en")
    (True, False)
    """
    return os.fspath(name).endswith(ARCHIVE_SUFFIX) or os.path.isfile(name)


def load_model(name: str | os.PathLike, **overrides):
    """Loads an archive, or a preset without training it.

    Args:
        name: String or path of an archive, or what `MirrorModel.from_preset`
            takes: the name of a preset, a handle, a folder.
        **overrides: For a preset, see `MirrorModel.from_preset`.

    Returns:
        A `MirrorModel`.

    Raises:
        ValueError: The archive or the preset cannot be loaded.
    """
    if is_archive(name):
        return load_archive(name)
    from keras_mirror.mirror_model import MirrorModel

    return MirrorModel.from_preset(name, **overrides)


def check_model(model, expected: str = "a `MirrorModel`") -> None:
    """Raises a TypeError for other objects, with what is expected."""
    if not _is_mirror_model(model):
        raise TypeError(
            f"`model` must be {expected}. "
            f"Received: model={model!r} of type {type(model).__name__}"
        )


def load_archive(path: str | os.PathLike):
    """Loads the archive of a `MirrorModel`.

    Args:
        path: String or path.

    Returns:
        A `MirrorModel`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged or holds something else.
    """
    model = _load(path)
    if not _is_mirror_model(model):
        raise ValueError(
            f"'{path}' must hold a MirrorModel. "
            f"Received: a {type(model).__name__}"
        )
    return model


def _load(path: str | os.PathLike, compile: bool = True):
    import keras

    import keras_mirror.mirror_model  # noqa: F401  registers our classes
    from keras_mirror.encoder.suits_backbone import check_vocabulary

    count = _look_at(path)
    try:
        with weight_budget(sum(count.numbers.values()), count.num_arrays):
            model = keras.saving.load_model(path, compile=compile)
        if _is_mirror_model(model):
            check_vocabulary(model.encoder, model.preprocessor.tokenizer)
        return model
    except Exception as error:  # a damaged archive may fail anywhere in Keras
        _remove_unpacked(error)
        check_machine(path, error)
        if _NO_VOCABULARY in str(error):
            told = ValueError(
                f"its vocabulary in {ASSETS} is missing or damaged"
            )
            raise unreadable(path, told) from error
        raise unreadable(path, error) from error


def _remove_unpacked(error: Exception) -> None:
    """Removes what Keras 3.15 leaves behind if it cannot unpack all assets."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        store: Any = frame.f_locals.get("self")
        if type(store).__name__ == "DiskIOStore" and store.tmp_dir:
            shutil.rmtree(store.tmp_dir, ignore_errors=True)


def _look_at(path: str | os.PathLike) -> WeightCount:
    """Checks an archive before Keras builds it; returns its weight counts."""
    from keras_mirror.archive.known_objects import backbones_of
    from keras_mirror.archive.known_objects import check_objects

    with opened_archive(path) as (archive, _):
        content = json.loads(archive.read(CONFIG))
        check_objects(content)
        count = count_weights(path, archive)
        if count is None:
            raise KeyError(WEIGHTS)
        backbones, number = backbones_of(content), count.numbers["encoder"]
        check_declared(backbones, number)
        check_vocabularies(archive, most_tokens(backbones, number))
        return count


def _is_mirror_model(model) -> bool:
    from keras_mirror.mirror_model import MirrorModel

    return isinstance(model, MirrorModel)
