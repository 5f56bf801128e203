import pathlib

from keras_mirror.checkpoints.hugging_face.weight_files import (
    POSITION_EMBEDDINGS,
)
from keras_mirror.checkpoints.hugging_face.weight_files import (
    TOKEN_TYPE_EMBEDDINGS,
)
from keras_mirror.checkpoints.hugging_face.weight_files import WORD_EMBEDDINGS
from keras_mirror.checkpoints.hugging_face.weight_files import StoredTensor

# The attention and the feed-forward weights of the first layer, and the names
# in config.json of the sizes of a layer and of its hidden units.
_ALBERT = "encoder.albert_layer_groups.0.albert_layers.0"
_LAYERS = {
    "albert": (
        f"{_ALBERT}.attention.query.weight",
        f"{_ALBERT}.ffn.weight",
        ("hidden_size", "intermediate_size"),
    ),
    "distilbert": (
        "transformer.layer.0.attention.q_lin.weight",
        "transformer.layer.0.ffn.lin1.weight",
        ("dim", "hidden_dim"),
    ),
}
_BERT_LAYER = (
    "encoder.layer.0.attention.self.query.weight",
    "encoder.layer.0.intermediate.dense.weight",
    ("hidden_size", "intermediate_size"),
)


def check_weight_sizes(
    weights: dict[str, StoredTensor],
    prefix: str,
    config: dict,
    folder: pathlib.Path,
) -> None:
    """Checks the sizes of a configuration against the weights.

    A configuration alone must not decide how much memory is requested.

    Args:
        weights: A dict of names to `StoredTensor`s.
        prefix: String, what the names begin with.
        config: A dict, as `complete_config` returns it.
        folder: A `pathlib.Path`, for the error.

    Raises:
        ValueError: The shape of a tensor differs from the configuration.
    """
    for name, keys in _shapes(config["model_type"]).items():
        tensor = weights.get(prefix + name)
        expected = tuple(config[key] for key in keys)
        if tensor is not None and tensor.shape != expected:
            raise ValueError(
                "The weights must have the sizes that config.json says: "
                f"{', '.join(keys)} are the shape {expected} of "
                f"{prefix + name}. Received: shape={tensor.shape} in "
                f"folder={folder}"
            )


def _shapes(model_type: str) -> dict[str, tuple[str, str]]:
    """Names of tensors, and the sizes in `config.json` of their shapes."""
    query, wide, sizes = _LAYERS.get(model_type, _BERT_LAYER)
    size, wide_size = sizes
    row = "embedding_size" if model_type == "albert" else size
    shapes = {
        WORD_EMBEDDINGS: ("vocab_size", row),
        POSITION_EMBEDDINGS: ("max_position_embeddings", row),
        query: (size, size),
        wide: (wide_size, size),
    }
    if model_type in ("albert", "bert"):
        shapes[TOKEN_TYPE_EMBEDDINGS] = ("type_vocab_size", row)
    return shapes
