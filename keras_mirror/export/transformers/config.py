from keras_mirror.checkpoints.hugging_face.config import ACTIVATIONS
from keras_mirror.encoder.backbone_settings import activation_of
from keras_mirror.encoder.backbone_settings import layer_norm_epsilon_of

# From keras-hub's class to the `model_type` and the class of transformers.
MODEL_TYPES = {
    "AlbertBackbone": ("albert", "AlbertModel"),
    "BertBackbone": ("bert", "BertModel"),
    "DistilBertBackbone": ("distilbert", "DistilBertModel"),
    "RobertaBackbone": ("roberta", "RobertaModel"),
    "XLMRobertaBackbone": ("xlm-roberta", "XLMRobertaModel"),
}
# If a function has several names, the one that old releases know.
_ACTIVATIONS = {
    **{ours: theirs for theirs, ours in ACTIVATIONS.items()},
    "gelu": "gelu",
    "gelu_approximate": "gelu_new",
    "silu": "silu",
}
# Fixed in the code of DistilBERT, whose configuration has no field for it.
_DISTIL_BERT_EPSILON = 1e-12


def model_config(backbone, tokenizer) -> dict:
    """The `config.json` of a backbone, as transformers reads it.

    Args:
        backbone: A `keras_hub.models.Backbone`.
        tokenizer: Its `keras_hub.tokenizers.Tokenizer`.

    Returns:
        A dict.

    Raises:
        ValueError: transformers has no model that computes the same.

    Example:

    >>> model_config(backbone, tokenizer)["architectures"]
    ['BertModel']
    """
    name = type(backbone).__name__
    if name not in MODEL_TYPES:
        raise ValueError(
            f"The backbone must be one of {sorted(MODEL_TYPES)} to be written "
            f"for transformers. Received: {name}"
        )
    model_type, architecture = MODEL_TYPES[name]
    sizes = _distil_bert_sizes if model_type == "distilbert" else _bert_sizes
    config = {
        "architectures": [architecture],
        "model_type": model_type,
        "vocab_size": backbone.vocabulary_size,
        "pad_token_id": tokenizer.pad_token_id,
        **sizes(backbone),
    }
    config["max_position_embeddings"] += num_reserved_positions(config)
    if "roberta" in model_type:
        config["bos_token_id"] = tokenizer.start_token_id
        config["eos_token_id"] = tokenizer.end_token_id
    return config


def num_reserved_positions(config: dict) -> int:
    """The number of rows in the position table before the first token's.

    RoBERTa's positions start after the id of the padding.

    Example:

    >>> num_reserved_positions({"model_type": "roberta", "pad_token_id": 1})
    2
    """
    is_roberta = "roberta" in config["model_type"]
    return config["pad_token_id"] + 1 if is_roberta else 0


def _bert_sizes(backbone) -> dict:
    config = {
        "hidden_size": backbone.hidden_dim,
        "num_hidden_layers": backbone.num_layers,
        "num_attention_heads": backbone.num_heads,
        "intermediate_size": backbone.intermediate_dim,
        "hidden_act": _activation(backbone),
        "hidden_dropout_prob": backbone.dropout,
        "attention_probs_dropout_prob": backbone.dropout,
        "max_position_embeddings": backbone.max_sequence_length,
        "type_vocab_size": getattr(backbone, "num_segments", 1),
        "layer_norm_eps": layer_norm_epsilon_of(backbone),
    }
    if hasattr(backbone, "embedding_dim"):  # ALBERT
        config["embedding_size"] = backbone.embedding_dim
        config["num_hidden_groups"] = backbone.num_groups
        config["inner_group_num"] = backbone.num_inner_repetitions
    return config


def _distil_bert_sizes(backbone) -> dict:
    epsilon = layer_norm_epsilon_of(backbone)
    if epsilon != _DISTIL_BERT_EPSILON:
        raise ValueError(
            "The layer normalizations of a DistilBERT must have the epsilon "
            f"{_DISTIL_BERT_EPSILON} to be written for transformers. "
            f"Received: {epsilon}"
        )
    return {
        "dim": backbone.hidden_dim,
        "n_layers": backbone.num_layers,
        "n_heads": backbone.num_heads,
        "hidden_dim": backbone.intermediate_dim,
        "activation": _activation(backbone),
        "dropout": backbone.dropout,
        "attention_dropout": backbone.dropout,
        "max_position_embeddings": backbone.max_sequence_length,
    }


def _activation(backbone) -> str:
    name = activation_of(backbone)
    if name not in _ACTIVATIONS:
        raise ValueError(
            f"The activation must be one of {sorted(_ACTIVATIONS)} to be "
            f"written for transformers. Received: {name}"
        )
    return _ACTIVATIONS[name]
