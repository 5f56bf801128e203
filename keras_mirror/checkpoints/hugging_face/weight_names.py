# keras-hub's converters look some models' weights up under a fixed prefix.
PREFIXES = {
    "albert": "albert.",
    "distilbert": "distilbert.",
    "roberta": "roberta.",
}
WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"
POSITION_EMBEDDINGS = "embeddings.position_embeddings.weight"
TOKEN_TYPE_EMBEDDINGS = "embeddings.token_type_embeddings.weight"

_BERT_LAYER = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "attention.output.LayerNorm",
    "intermediate.dense",
    "output.dense",
    "output.LayerNorm",
)
_DISTIL_BERT_LAYER = (
    "attention.q_lin",
    "attention.k_lin",
    "attention.v_lin",
    "attention.out_lin",
    "sa_layer_norm",
    "ffn.lin1",
    "ffn.lin2",
    "output_layer_norm",
)
_ALBERT_LAYER = (
    "attention.query",
    "attention.key",
    "attention.value",
    "attention.dense",
    "attention.LayerNorm",
    "ffn",
    "ffn_output",
    "full_layer_layer_norm",
)


def weight_names(config: dict) -> list[str]:
    """The weights that keras-hub's converter reads, without their prefix.

    Args:
        config: A dict, as `complete_config` returns it.

    Returns:
        A list of names as transformers gives them today.
    """
    model_type = config["model_type"]
    names = [WORD_EMBEDDINGS, POSITION_EMBEDDINGS]
    if model_type != "distilbert":
        names.append(TOKEN_TYPE_EMBEDDINGS)
    parts = ["embeddings.LayerNorm", *_layers(config)]
    if model_type == "albert":
        parts.append("encoder.embedding_hidden_mapping_in")
    parts += pooler_parts(model_type)
    for part in parts:
        names += [f"{part}.weight", f"{part}.bias"]
    return names


def pooler_parts(model_type: str) -> list[str]:
    """The parts of the pooler, which masked language models lack.

    Args:
        model_type: String, a key of `DEFAULTS`.

    Returns:
        A list of zero or one names without `.weight` and `.bias`.
    """
    return {"albert": ["pooler"], "bert": ["pooler.dense"]}.get(model_type, [])


def _layers(config: dict) -> list[str]:
    if config["model_type"] == "distilbert":
        layers = [f"transformer.layer.{i}" for i in range(config["n_layers"])]
        parts = _DISTIL_BERT_LAYER
    elif config["model_type"] == "albert":
        layers = [
            f"encoder.albert_layer_groups.{group}.albert_layers.{i}"
            for group in range(config["num_hidden_groups"])
            for i in range(config["inner_group_num"])
        ]
        parts = _ALBERT_LAYER
    else:
        num_layers = config["num_hidden_layers"]
        layers = [f"encoder.layer.{i}" for i in range(num_layers)]
        parts = _BERT_LAYER
    return [f"{layer}.{part}" for layer in layers for part in parts]
