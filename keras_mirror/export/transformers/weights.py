import itertools
from collections.abc import Iterator

import keras
import numpy as np

from keras_mirror.checkpoints.hugging_face.weight_files import weight_names
from keras_mirror.export.transformers.config import num_reserved_positions

# Parts of a `keras_hub.layers.TransformerEncoder`, in the order of the names in
# `weight_names`.
_PARTS = (
    "_self_attention_layer.query_dense",
    "_self_attention_layer.key_dense",
    "_self_attention_layer.value_dense",
    "_self_attention_layer.output_dense",
    "_self_attention_layer_norm",
    "_feedforward_intermediate_dense",
    "_feedforward_output_dense",
    "_feedforward_layer_norm",
)
_ROBERTA_POOLER = "pooler.dense"


def model_weights(backbone, config: dict) -> dict:
    """The weights of a backbone, by their names in transformers.

    A pooler that keras-hub has no layer for is written as zeros: transformers
    would otherwise draw random weights at every load.

    Args:
        backbone: A `keras_hub.models.Backbone`.
        config: A dict, as `model_config` returns it.

    Returns:
        A dict of names to float32 NumPy arrays.

    Example:

    >>> config = {"model_type": "bert", "num_hidden_layers": 2}
    >>> weights = model_weights(backbone, config)
    >>> weights["encoder.layer.1.output.dense.weight"].shape
    (8, 16)
    """
    arrays = _embeddings(backbone, config)
    for layer in _layers(backbone):
        arrays += _weight_and_bias(layer)
    weights = dict(zip(weight_names(config), arrays, strict=True))
    if "roberta" in config["model_type"]:
        size = config["hidden_size"]
        weights[f"{_ROBERTA_POOLER}.weight"] = np.zeros((size, size), "float32")
        weights[f"{_ROBERTA_POOLER}.bias"] = np.zeros(size, "float32")
    return weights


def _embeddings(backbone, config: dict) -> list:
    """The tables of tokens, positions and, except in DistilBERT, segments."""
    # In some backbones both tables are parts of one layer.
    owner = getattr(backbone, "embeddings", backbone)
    positions = _array(owner.position_embedding.position_embeddings)
    num_reserved = num_reserved_positions(config)
    tables = [
        _array(backbone.token_embedding.embeddings),
        np.pad(positions, ((num_reserved, 0), (0, 0))),
    ]
    if hasattr(backbone, "segment_embedding"):
        tables.append(_array(backbone.segment_embedding.embeddings))
    elif "roberta" in config["model_type"]:  # keras-hub adds it to positions
        tables.append(np.zeros((1, backbone.hidden_dim), "float32"))
    return tables


def _layers(backbone) -> Iterator[keras.layers.Layer]:
    yield backbone.embeddings_layer_norm
    blocks = backbone.transformer_layers
    if isinstance(blocks[0], list):  # ALBERT's groups
        blocks = itertools.chain.from_iterable(blocks)
    for block in blocks:
        for path in _PARTS:
            part = block
            for name in path.split("."):
                part = getattr(part, name)
            yield part
    for name in ("embeddings_projection", "pooled_dense"):
        if hasattr(backbone, name):
            yield getattr(backbone, name)


def _weight_and_bias(layer) -> list:
    if isinstance(layer, keras.layers.LayerNormalization):
        return [_array(layer.gamma), _array(layer.beta)]
    bias = _array(layer.bias).reshape(-1)
    # Attention kernels have an axis for the heads, on either side.
    kernel = _array(layer.kernel).reshape(-1, bias.size)
    return [np.ascontiguousarray(kernel.T), bias]


def _array(variable):
    return np.asarray(keras.ops.convert_to_numpy(variable), "float32")
