"""Settings of a sentence-transformers folder that are followed or refused."""

import pathlib
from collections.abc import Collection

from keras_mirror.checkpoints.sentence_transformers.prompts import SETTINGS_FILE
from keras_mirror.files import read_json


def check_keys(
    config: dict, known: Collection[str], module: str, folder: pathlib.Path
) -> None:
    """Checks that a module has no setting that this package does not follow.

    Args:
        config: A dict, the module's configuration.
        known: The names of the settings that are read.
        module: String, the name of the module.
        folder: A `pathlib.Path`, the module's, for the error.

    Raises:
        ValueError: Another setting has a value other than null, false or empty.

    Example:

    >>> check_keys({"scale": None}, ["bias"], "Dense", "2_Dense")
    """
    unknown = {key: config[key] for key in config if key not in known}
    unknown = {key: x for key, x in unknown.items() if x}
    if unknown:
        raise ValueError(
            f"A {module} module must have no settings other than "
            f"{sorted(known)} to be loaded into a mirror model. Received: "
            f"{unknown} in folder={folder}"
        )


def check_model_settings(
    folder: pathlib.Path, size: int, normalized: bool
) -> None:
    """Checks the size of vectors and the similarity that a folder asks for.

    Args:
        folder: A `pathlib.Path`.
        size: Integer, the size of the vectors.
        normalized: Boolean, whether the last module gives all vectors the
            length 1, so that dot products are cosines.

    Raises:
        ValueError: A mirror model would give other vectors or similarities.
    """
    settings = read_json(folder / SETTINGS_FILE, default={})
    expected: dict[str, list] = {
        "truncate_dim": [None, size],
        "similarity_fn_name": [None, "cosine", *["dot"] * normalized],
    }
    for key, values in expected.items():
        if settings.get(key) not in values:
            raise ValueError(
                f"`{key}` must be one of {values} to be loaded into a mirror "
                "model, whose vectors have their full size and are compared "
                f"by cosines. Received: {key}={settings[key]!r} in "
                f"'{folder / SETTINGS_FILE}'"
            )
