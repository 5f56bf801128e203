import pathlib

import numpy as np

from keras_mirror.checkpoints.hugging_face.checkpoint import load_hugging_face
from keras_mirror.checkpoints.hugging_face.config import read_config
from keras_mirror.checkpoints.mirror_files import read_mirror_files
from keras_mirror.checkpoints.sentence_transformers.pooling import (
    read_pooled_layers,
)
from keras_mirror.checkpoints.sentence_transformers.pooling import (
    read_pooling_mode,
)
from keras_mirror.checkpoints.sentence_transformers.settings import (
    check_prompts,
)
from keras_mirror.checkpoints.sentence_transformers.settings import (
    read_sequence_length,
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
from keras_mirror.files import read_json

MODULES_FILE = "modules.json"
# In this order; the first one and Pooling have to be there.
_MODULES = (
    "Transformer",
    "WeightedLayerPooling",
    "WordWeights",
    "Pooling",
    "Normalize",
)


def load_sentence_transformer(folder, dropout=None, dtype=None):
    """Loads a local folder of the sentence-transformers library.

    `modules.json` says what happens to a text after the backbone. What a
    mirror model cannot do is refused; that vectors are normalized is not
    taken over, cosines are the same.

    Args:
        folder: String or path.
        dropout: See `load_hugging_face`.
        dtype: See `load_hugging_face`.

    Returns:
        A tuple `(checkpoint, fields, token_counts)`: a
        `HuggingFaceCheckpoint`, the fields of `Recipe` that the folder
        decides, and the counts of `TokenWeights` or `None`.

    Raises:
        ValueError: The folder is damaged, or does what a mirror model cannot.

    Example:

    ```python
    checkpoint, fields, _ = load_sentence_transformer("path/to/MiniLM")
    print(fields["pooling_mode"], fields["sequence_length"])
    ```
    """
    folder = pathlib.Path(folder)
    check_prompts(folder)
    paths = _module_paths(folder)
    config = read_config(paths["Transformer"])
    smoothing, counts = _counts(folder, paths, config["vocab_size"])
    mode = read_pooling_mode(paths["Pooling"])
    if smoothing is not None and mode != "mean":
        raise ValueError(
            "A module WordWeights must come before a Pooling of the mode "
            f"'mean'. Received: pooling_mode={mode!r} in folder={folder}"
        )
    layers = read_pooled_layers(paths.get("WeightedLayerPooling"), config)
    length = read_sequence_length(paths["Transformer"], config)
    checkpoint = load_hugging_face(paths["Transformer"], dropout, dtype)
    longest = checkpoint.backbone.max_sequence_length
    fields = {
        "pooling_mode": mode,
        "pooled_layers": layers,
        "frequency_smoothing": smoothing,
        "sequence_length": min(length or longest, longest),
    }
    return checkpoint, fields, counts


def _module_paths(folder):
    """The folders of all modules by their names."""
    modules = read_json(folder / MODULES_FILE, kind=list)
    try:
        kinds = [module["type"] for module in modules]
        names = [kind.rpartition(".")[-1] for kind in kinds]
        paths = [folder / module["path"] for module in modules]
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
            f"A sentence encoder must have modules out of {_MODULES}, in this "
            "order, to be loaded into a mirror model. Without its modules.json "
            "the backbone alone is loaded. "
            f"Received: {kinds} in folder={folder}"
        )
    return dict(zip(names, paths, strict=True))


def _counts(folder, paths, vocabulary_size):
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
