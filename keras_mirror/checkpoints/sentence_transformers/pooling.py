import numpy as np

from keras_mirror.checkpoints.hugging_face.weight_files import read_weight_files
from keras_mirror.files import read_json

POOLING_MODES = ("cls", "max", "mean")
# Older folders have a flag a mode.
_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


def read_pooling_mode(folder):
    """The `pooling_mode` of a Pooling module.

    Args:
        folder: A `pathlib.Path`, the module's.

    Returns:
        A string, see `keras_mirror.layers.SentencePooling`.

    Raises:
        ValueError: The module does what a mirror model cannot.
    """
    config = read_json(folder / "config.json")
    flags = [mode for flag, mode in _FLAGS.items() if config.get(flag)]
    modes = config.get("pooling_mode", flags or ["mean"])
    modes = [modes] if isinstance(modes, str) else modes
    if len(modes) != 1 or modes[0] not in POOLING_MODES:
        raise ValueError(
            f"A Pooling module must have one mode out of {POOLING_MODES} to "
            "be loaded into a mirror model. "
            f"Received: {modes} in folder={folder}"
        )
    return modes[0]


def read_pooled_layers(folder, config):
    """The `pooled_layers` that a WeightedLayerPooling module stands for.

    Args:
        folder: A `pathlib.Path`, the module's, or `None`: there is none.
        config: A dict, as `read_config` returns it.

    Returns:
        A string, see `keras_mirror.SentenceEncoder`.

    Raises:
        ValueError: The module is damaged, or weighs layers otherwise.
    """
    # Without the outputs of all layers the module does nothing.
    if folder is None or not config.get("output_hidden_states"):
        return "last"
    num_layers = config.get("n_layers", config.get("num_hidden_layers"))
    start = read_json(folder / "config.json").get("layer_start")
    tensor = read_weight_files(folder).get("layer_weights")
    weights = np.zeros(0) if tensor is None else tensor.read()
    if not isinstance(start, int) or weights.shape != (num_layers + 1 - start,):
        raise ValueError(
            "A WeightedLayerPooling module must have a weight for every "
            f"layer from `layer_start` to {num_layers}. Received: "
            f"layer_start={start!r}, {weights.shape} in folder={folder}"
        )
    weights = dict(enumerate(weights.astype("float32").tolist(), start))
    weights = {layer: weight for layer, weight in weights.items() if weight}
    if set(weights) == {num_layers}:
        return "last"
    if set(weights) == {1, num_layers} and len(set(weights.values())) == 1:
        return "first_last"
    raise ValueError(
        "A WeightedLayerPooling module must weigh the first and the last "
        "layer alike and no other, or the last one alone, to be loaded into "
        f"a mirror model. Received: weights={weights} in folder={folder}"
    )
