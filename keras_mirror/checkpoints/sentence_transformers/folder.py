import dataclasses
import pathlib

import numpy as np

from keras_mirror.checkpoints.hugging_face.checkpoint import load_hugging_face
from keras_mirror.checkpoints.hugging_face.config import complete_config
from keras_mirror.checkpoints.hugging_face.config import read_config
from keras_mirror.checkpoints.mirror_files import read_mirror_files
from keras_mirror.checkpoints.preset_parts import PresetParts
from keras_mirror.checkpoints.sentence_transformers.dense import read_end
from keras_mirror.checkpoints.sentence_transformers.pooling import (
    read_pooled_layers,
)
from keras_mirror.checkpoints.sentence_transformers.pooling import (
    read_pooling_mode,
)
from keras_mirror.checkpoints.sentence_transformers.prompts import read_prompts
from keras_mirror.checkpoints.sentence_transformers.settings import check_keys
from keras_mirror.checkpoints.sentence_transformers.settings import (
    check_model_settings,
)
from keras_mirror.checkpoints.sentence_transformers.word_weights import (
    are_counts_of,
)
from keras_mirror.checkpoints.sentence_transformers.word_weights import (
    read_word_weights,
)
from keras_mirror.checkpoints.sentence_transformers.word_weights import (
    token_counts,
)
from keras_mirror.files import inner_path
from keras_mirror.files import read_json
from keras_mirror.recipes import ENCODING_FIELDS

MODULES_FILE = "modules.json"
# Modules in their order; the first one and Pooling are required.
_MODULES = (
    "Transformer",
    "WeightedLayerPooling",
    "WordWeights",
    "Pooling",
    "Dense",
    "Normalize",
)
# The task that sentence-transformers uses a backbone for by default.
_TASK = "feature-extraction"
_OUTPUT = "token_embeddings"
_HIDDEN_STATE = "last_hidden_state"
# Settings of the Transformer module that change its speed, not its vectors.
_SETTINGS = (
    "do_lower_case",
    "max_seq_length",
    "modality_config",
    "module_output_name",
    "transformer_task",
    "unpad_inputs",
)


def load_sentence_transformer(
    folder: pathlib.Path, dropout: float, dtype=None
) -> PresetParts:
    """Loads a local folder of the sentence-transformers library.

    `modules.json` lists the steps that follow the backbone. Steps that a mirror
    model cannot do are refused. A final normalization is ignored, since cosines
    are the same.

    Args:
        folder: A `pathlib.Path`.
        dropout: See `load_hugging_face`.
        dtype: See `load_hugging_face`.

    Returns:
        A `PresetParts` with the fields in `ENCODING_FIELDS` and the folder's
        prompts.

    Raises:
        ValueError: The folder is damaged, or does what a mirror model cannot.

    Example:

    ```python
    parts = load_sentence_transformer(pathlib.Path("path/to/MiniLM"), 0.1)
    print(parts.fields["pooling_mode"], parts.fields["sequence_length"])
    ```
    """
    paths = _module_paths(folder)
    prompts = read_prompts(folder, paths["Pooling"])
    transformer = paths["Transformer"]
    config = complete_config(read_config(transformer), transformer)
    mode = read_pooling_mode(paths["Pooling"])
    layers = read_pooled_layers(paths.get("WeightedLayerPooling"), config)
    length = _sequence_length(transformer, config)
    parts = load_hugging_face(transformer, config, dropout, dtype)
    # After the weights, which show whether `vocab_size` is correct.
    smoothing, counts = _counts(folder, paths, config["vocab_size"])
    if smoothing is not None and mode != "mean":
        raise ValueError(
            "A WordWeights module must be followed by a Pooling with the mode "
            f"'mean'. Received: pooling_mode={mode!r} in folder={folder}"
        )
    size = parts.backbone.hidden_dim
    ends = read_end(paths["Dense"], size) if "Dense" in paths else {}
    if "projection" in ends:
        size = ends["projection"].shape[-1]
    check_model_settings(folder, size, "Normalize" in paths)
    longest = parts.backbone.max_sequence_length
    values = (mode, layers, smoothing, min(length or longest, longest))
    fields = dict(zip(ENCODING_FIELDS, values, strict=True))
    return dataclasses.replace(
        parts,
        fields=fields,
        token_counts=counts,
        **ends,
        **prompts,
    )


def _module_paths(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """The folders of all modules by their names."""
    modules = read_json(folder / MODULES_FILE, kind=list)
    try:
        kinds = [module["type"] for module in modules]
        names = [kind.rpartition(".")[-1] for kind in kinds]
        paths = [inner_path(folder, module["path"]) for module in modules]
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{MODULES_FILE} must hold a `type` and a `path` for every module. "
            f"Received: folder={folder}, error={error!r}"
        ) from error
    expected = [name for name in _MODULES if name in names]
    is_known = all(kind.startswith("sentence_transformers.") for kind in kinds)
    needed = {"Transformer", "Pooling"} <= set(names)
    if not (is_known and needed and names == expected):
        raise ValueError(
            f"A sentence encoder must have only modules of {_MODULES}, in this "
            "order, to be loaded into a mirror model. Without its "
            f"modules.json only the backbone is loaded. Received: {kinds} in "
            f"folder={folder}"
        )
    return dict(zip(names, paths, strict=True))


def _counts(
    folder: pathlib.Path, paths: dict[str, pathlib.Path], vocabulary_size: int
) -> tuple[float | None, np.ndarray | None]:
    """The smoothing and the counts of `TokenWeights`, or two `None`s."""
    weights = np.ones(vocabulary_size)
    if "WordWeights" in paths:
        path = paths["WordWeights"]
        weights = read_word_weights(path, vocabulary_size)
    ours = read_mirror_files(folder)
    if ours:
        counts = ours["token_counts"]
        smoothing = ours["fields"]["frequency_smoothing"]
        if are_counts_of(counts, smoothing, weights):
            return smoothing, counts
    return token_counts(weights)


def _sequence_length(folder: pathlib.Path, config: dict) -> int | None:
    """The sequence length; `None` if the files leave it to the backbone.

    Raises where other settings of the module cannot be reproduced.
    """
    paths = sorted(folder.glob("sentence_*_config.json"))
    settings = read_json(paths[0]) if paths else {}
    tokenizer = read_json(folder / "tokenizer_config.json", default={})
    check_keys(settings, _SETTINGS, "Transformer", folder)
    _check_output(settings, folder)
    lowers = config.get("do_lower_case", tokenizer.get("do_lower_case"))
    if settings.get("do_lower_case") and not lowers:
        raise ValueError(
            "`do_lower_case` must be false, or the tokenizer must lower-case "
            f"texts itself. Received: do_lower_case=True in {paths[0]}"
        )
    length = settings.get("max_seq_length") or tokenizer.get("model_max_length")
    # transformers writes 1e30 for an unknown length.
    is_length = isinstance(length, (int, float)) and length >= 3
    return int(length) if is_length else None


def _check_output(settings: dict, folder: pathlib.Path) -> None:
    text = (settings.get("modality_config") or {}).get("text") or {}
    for key, source, expected in (
        ("transformer_task", settings, _TASK),
        ("module_output_name", settings, _OUTPUT),
        ("method_output_name", text, _HIDDEN_STATE),
    ):
        value = source.get(key, expected)
        if value != expected:
            raise ValueError(
                f"`{key}` must be {expected!r} to be loaded into a mirror "
                f"model. Received: {key}={value!r} in folder={folder}"
            )
