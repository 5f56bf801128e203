import pathlib

import numpy as np

from keras_mirror.encoder.backbone_settings import activation_of
from keras_mirror.encoder.backbone_settings import layer_norm_epsilon_of
from keras_mirror.file_kinds import kind_of_file
from keras_mirror.files import inner_path
from keras_mirror.files import read_json
from keras_mirror.files import write_json
from keras_mirror.machine_errors import check_machine
from keras_mirror.recipes import ENCODING_FIELDS
from keras_mirror.recipes import Recipe

# Written beside the files of keras-hub, which lack this information.
MIRROR_FILE = "mirror_model.json"
COUNTS_FILE = "token_counts.npy"
MEAN_FILE = "mean.npy"
WHITENING_FILE = "whitening.npy"
PROJECTION_FILE = "projection.npy"
PROMPT_KEYS = ("prompts", "default_prompt_name")
_ARRAYS = "arrays"  # names of files; older folders lack the key


def write_mirror_files(model, folder: pathlib.Path) -> None:
    """Writes what a keras-hub preset lacks to reproduce a model's embeddings.

    Args:
        model: A `MirrorModel`.
        folder: A `pathlib.Path`.
    """
    encoder, tokenizer = model.encoder, model.preprocessor.tokenizer
    length = model.preprocessor.sequence_length
    content = {
        "fields": encoding_fields(encoder, length),
        "activation": activation_of(encoder.backbone),
        "layer_norm_epsilon": layer_norm_epsilon_of(encoder.backbone),
        "split_on_cjk": getattr(tokenizer, "split_on_cjk", None),
    }
    prompts = model.preprocessor.prompts
    if prompts.texts:
        content["prompts"] = prompts.texts
        content["default_prompt_name"] = prompts.default_name
    arrays = _arrays(encoder)
    write_json(folder / MIRROR_FILE, {**content, _ARRAYS: list(arrays)})
    for name, weight in arrays.items():
        np.save(folder / name, weight.numpy())


def read_mirror_files(folder: pathlib.Path) -> dict:
    """Reads what `write_mirror_files` wrote.

    Args:
        folder: A `pathlib.Path`.

    Returns:
        A dict with the keys `"fields"`, `"activation"`,
        `"layer_norm_epsilon"`, `"split_on_cjk"`, `"token_counts"`,
        `"mean"`, `"whitening"` and `"projection"`, and those in `PROMPT_KEYS`
        where the model has prompts; or an empty one where there is no such
        file.

    Raises:
        ValueError: A file is damaged.
    """
    path = folder / MIRROR_FILE
    if not path.is_file():
        return {}
    content = read_json(path)
    names = content.pop(_ARRAYS, [])
    expected = {"fields", "activation", "layer_norm_epsilon", "split_on_cjk"}
    fields = content.get("fields")
    found = set(content) - set(PROMPT_KEYS)
    if found != expected or set(fields) != set(ENCODING_FIELDS):
        raise ValueError(
            f"'{path}' must hold {sorted(expected)}, with the fields "
            f"{ENCODING_FIELDS}. Received: {content}"
        )
    for name in names:
        if not inner_path(folder, str(name)).is_file():
            raise ValueError(
                f"'{folder}' is not complete: {MIRROR_FILE} names '{name}', "
                "which is not there"
            )
    return {
        **content,
        "token_counts": _read_array(folder / COUNTS_FILE),
        "mean": _read_array(folder / MEAN_FILE),
        "whitening": _read_array(folder / WHITENING_FILE),
        "projection": _read_array(folder / PROJECTION_FILE),
    }


def _arrays(encoder) -> dict:
    """The weights outside the backbone, by the files that hold them."""
    parts = {
        COUNTS_FILE: (encoder.token_weights, "counts"),
        MEAN_FILE: (encoder.centering, "mean"),
        WHITENING_FILE: (encoder.whitening, "kernel"),
        PROJECTION_FILE: (encoder.projection, "kernel"),
    }
    return {
        name: getattr(layer, weight)
        for name, (layer, weight) in parts.items()
        if layer is not None
    }


def encoding_fields(encoder, sequence_length: int) -> dict:
    """The fields of a recipe that decide an encoder's vectors.

    Args:
        encoder: A `SentenceEncoder`, or a text embedder of keras-hub; an
            attribute that it lacks gets the default of `Recipe`.
        sequence_length: Integer, of its preprocessor.

    Returns:
        A dict with the keys `ENCODING_FIELDS`.

    Example:

    >>> encoding_fields(model.encoder, 50)["pooled_layers"]
    'last'
    """
    fields = {
        name: getattr(encoder, name, getattr(Recipe, name))
        for name in ENCODING_FIELDS
    }
    return {**fields, "sequence_length": sequence_length}


def _read_array(path: pathlib.Path) -> np.ndarray | None:
    if not path.is_file():
        return None
    try:
        # Memory-mapped: a header that declares more than the file has is
        # refused.
        array = np.array(np.load(path, mmap_mode="r"))
    except (OSError, ValueError) as error:
        check_machine(path, error)
        kind = kind_of_file(path) or f"damaged: {error}"
        raise ValueError(
            f"'{path}' must be a NumPy array. Received: {kind}"
        ) from error
    is_number = np.issubdtype(array.dtype, np.floating)
    if not is_number or not np.isfinite(array).all():
        raise ValueError(
            f"'{path}' must hold finite numbers. "
            f"Received: an array of {array.dtype}"
        )
    if path.name == PROJECTION_FILE and array.ndim != 2:
        raise ValueError(
            f"'{path}' must be a matrix. Received: shape={array.shape}"
        )
    if path.name == COUNTS_FILE and (array < 0).any():
        raise ValueError(
            f"'{path}' must hold counts, none of them negative. "
            f"Received: {array.min()}"
        )
    return array
