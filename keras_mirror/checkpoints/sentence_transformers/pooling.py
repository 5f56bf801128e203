import pathlib

import numpy as np

from keras_mirror.checkpoints.hugging_face.weight_files import read_weight_files
from keras_mirror.checkpoints.sentence_transformers.settings import check_keys
from keras_mirror.files import read_json

# The pooling modes that sentence-transformers has too, with the flags that its
# files use for them.
POOLING_FLAGS = {
    "cls": "pooling_mode_cls_token",
    "mean": "pooling_mode_mean_tokens",
    "max": "pooling_mode_max_tokens",
}
_OTHER_FLAGS = {
    "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
    "weightedmean": "pooling_mode_weightedmean_tokens",
    "lasttoken": "pooling_mode_lasttoken",
}
_OTHER_KEYS = (
    "embedding_dimension",
    "word_embedding_dimension",
    "pooling_mode",
    "include_prompt",
)


def read_pooling_mode(folder: pathlib.Path) -> str:
    """The `pooling_mode` of a Pooling module.

    Args:
        folder: A `pathlib.Path`, the module's.

    Returns:
        A string, see `keras_mirror.layers.SentencePooling`.

    Raises:
        ValueError: The module does what a mirror model cannot.
    """
    config = read_json(folder / "config.json")
    flags = {**POOLING_FLAGS, **_OTHER_FLAGS}  # newer files name the mode
    check_keys(config, (*flags.values(), *_OTHER_KEYS), "Pooling", folder)
    flagged = [mode for mode, flag in flags.items() if config.get(flag)]
    modes = config.get("pooling_mode", flagged or ["mean"])
    modes = modes if isinstance(modes, list) else [modes]
    # Not hashed: a damaged file may hold anything here.
    if len(modes) != 1 or modes[0] not in list(POOLING_FLAGS):
        raise ValueError(
            "A Pooling module must have one mode out of "
            f"{tuple(sorted(POOLING_FLAGS))} to be loaded into a mirror model. "
            f"Received: {modes} in folder={folder}"
        )
    return modes[0]


def read_pooled_layers(folder: pathlib.Path | None, config: dict) -> str:
    """The `pooled_layers` that a WeightedLayerPooling module stands for.

    Args:
        folder: A `pathlib.Path`, the module's, or `None`: there is none.
        config: A dict, as `complete_config` returns it.

    Returns:
        A string, see `keras_mirror.SentenceEncoder`.

    Raises:
        ValueError: The module is damaged, or has other weights of layers.
    """
    # The module needs the outputs of all layers to do anything.
    if folder is None or not config.get("output_hidden_states"):
        return "last"
    num_layers = config.get("n_layers") or config["num_hidden_layers"]
    start = read_json(folder / "config.json").get("layer_start")
    tensor = read_weight_files(folder).get("layer_weights")
    array = np.zeros(0) if tensor is None else tensor.read()
    if not isinstance(start, int) or array.shape != (num_layers + 1 - start,):
        raise ValueError(
            "A WeightedLayerPooling module must have a weight for every "
            f"layer from `layer_start` to {num_layers}. Received: "
            f"layer_start={start!r}, {array.shape} in folder={folder}"
        )
    listed = enumerate(array.astype("float32").tolist(), start)
    weights = {layer: weight for layer, weight in listed if weight}
    if set(weights) == {num_layers}:
        return "last"
    if set(weights) == {1, num_layers} and len(set(weights.values())) == 1:
        return "first_last"
    raise ValueError(
        "A WeightedLayerPooling module must give equal weights to the first "
        "and the last layer only, or weigh the last layer only, to be loaded "
        f"into a mirror model. Received: weights={weights} in folder={folder}"
    )
