import dataclasses
import pathlib

import keras_hub

from keras_mirror.checkpoints.hugging_face.config import activation_name
from keras_mirror.checkpoints.hugging_face.config import read_config
from keras_mirror.checkpoints.hugging_face.keras_hub_view import keras_hub_view
from keras_mirror.checkpoints.hugging_face.tokenizer import (
    load_hugging_face_tokenizer,
)


@dataclasses.dataclass(frozen=True)
class HuggingFaceCheckpoint:
    """What a Hugging Face folder holds, as keras-hub objects.

    Args:
        backbone: A `keras_hub.models.Backbone` with the folder's weights.
        tokenizer: A `keras_hub.tokenizers.Tokenizer` with its vocabulary.
        activation: String, a name of `keras.activations` or
            `"gelu_approximate"`: what the backbone's feed-forward blocks
            should use. A backbone has no argument for it.
        layer_norm_epsilon: Float: what the backbone's normalizations should
            use. A backbone has no argument for it either.
    """

    backbone: keras_hub.models.Backbone
    tokenizer: keras_hub.tokenizers.Tokenizer
    activation: str
    layer_norm_epsilon: float


def load_hugging_face(folder, dropout=None, dtype=None):
    """Loads a local Hugging Face folder of a masked language model.

    The weights go through keras-hub's own converters, after a temporary copy
    of the folder was put in the order that they ask for. Unlike
    `keras_hub.models.Backbone.from_preset`, this reads `pytorch_model.bin`
    (without running what is pickled in it), models without a pooler, weights
    saved with or without a prefix, and vocabularies that are only in
    `tokenizer.json`; and it follows the folder's own special tokens, lower
    casing and accents.

    Args:
        folder: String or path. The `model_type` of its `config.json` must be
            one of `"albert"`, `"bert"`, `"distilbert"`, `"roberta"` and
            `"xlm-roberta"`.
        dropout: Float, the rate of the backbone. Defaults to `None`: the
            hidden dropout of `config.json`.
        dtype: The dtype or dtype policy of the backbone. Defaults to `None`:
            the global policy.

    Returns:
        A `HuggingFaceCheckpoint`.

    Example:

    ```python
    checkpoint = load_hugging_face("path/to/bert-base-uncased")
    set_activation(checkpoint.backbone, checkpoint.activation)
    ```
    """
    folder = pathlib.Path(folder)
    config = read_config(folder)
    tokenizer = load_hugging_face_tokenizer(folder, config)
    options = _backbone_options(config, dropout, dtype)
    with keras_hub_view(folder, config) as staged:
        try:
            backbone = keras_hub.models.Backbone.from_preset(staged, **options)
        except ValueError as error:
            raise ValueError(
                "The weights must have the sizes that config.json says, and "
                "these must suit keras-hub. "
                f"Received: folder={folder}, {options}, error={error}"
            ) from error
    return HuggingFaceCheckpoint(
        backbone=backbone,
        tokenizer=tokenizer,
        activation=activation_name(config),
        # DistilBERT has this one in its code.
        layer_norm_epsilon=config.get("layer_norm_eps", 1e-12),
    )


def _backbone_options(config, dropout, dtype):
    options = {}
    if dropout is None:
        key = "dropout" if "dropout" in config else "hidden_dropout_prob"
        dropout = config[key]
    options["dropout"] = dropout
    if dtype is not None:
        options["dtype"] = dtype
    if config["model_type"] == "bert":  # left out by keras-hub 0.32
        options["num_segments"] = config["type_vocab_size"]
    return options
