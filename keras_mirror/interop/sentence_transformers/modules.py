import keras
import keras_hub
import numpy as np
import safetensors.numpy

from keras_mirror.interop.files.json_file import write_json

# Names that all releases of sentence-transformers from 2 to 6 import.
_PACKAGE = "sentence_transformers.models"
_POOLING_FLAGS = {
    "cls": "pooling_mode_cls_token",
    "mean": "pooling_mode_mean_tokens",
    "max": "pooling_mode_max_tokens",
}


def write_modules(model, folder, normalize):
    """Writes what sentence-transformers does after the backbone.

    Args:
        model: A `MirrorModel`.
        folder: A `pathlib.Path`, where the backbone lies.
        normalize: Boolean, whether vectors get length 1.
    """
    encoder = model.encoder
    writers = {"Transformer": None}
    if encoder.pooled_layers == "first_last":
        writers["WeightedLayerPooling"] = _write_layers
    if has_token_weights(encoder):
        writers["WordWeights"] = _write_word_weights
    writers["Pooling"] = _write_pooling
    if normalize:
        writers["Normalize"] = None
    modules = []
    for index, (name, write) in enumerate(writers.items()):
        path = f"{index}_{name}" if index else ""
        kind = f"{_PACKAGE}.{name}"
        modules.append(
            {"idx": index, "name": str(index), "path": path, "type": kind}
        )
        (folder / path).mkdir(exist_ok=True)
        if write is not None:
            write(model, folder / path)
    write_json(folder / "modules.json", modules)
    _write_settings(model, folder)


def has_token_weights(encoder):
    """Whether some tokens weigh more than others.

    Args:
        encoder: A `SentenceEncoder`.

    Returns:
        A boolean; before anything was counted all weigh alike.

    Example:

    >>> has_token_weights(model.encoder)
    False
    """
    weights = encoder.token_weights
    return weights is not None and bool(_numpy(weights.counts).any())


def _write_settings(model, folder):
    length = model.preprocessor.sequence_length
    write_json(
        folder / "sentence_bert_config.json",
        {"max_seq_length": length, "do_lower_case": False},
    )
    write_json(
        folder / "config_sentence_transformers.json",
        {
            "model_type": "SentenceTransformer",
            "prompts": {},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    )


def _write_layers(model, folder):
    num_layers = model.encoder.backbone.num_layers
    weights = np.zeros(num_layers, "float32")
    weights[0] += 1
    weights[-1] += 1
    config = {
        "word_embedding_dimension": model.encoder.output_shape[-1],
        "layer_start": 1,  # 0 is the output of the embeddings
        "num_hidden_layers": num_layers,
    }
    write_json(folder / "config.json", config)
    tensors = {"layer_weights": weights}
    path = folder / "model.safetensors"
    safetensors.numpy.save_file(tensors, path, {"format": "pt"})


def _write_word_weights(model, folder):
    layer = model.encoder.token_weights
    ids = np.arange(layer.vocabulary_size)[np.newaxis]
    weights = _numpy(layer(ids, np.ones_like(ids)))[0].tolist()
    tokens = _tokens(model.preprocessor.tokenizer, layer.vocabulary_size)
    config = {
        "vocab": tokens,
        "word_weights": dict(zip(tokens, weights, strict=True)),
        "unknown_word_weight": 1.0,
    }
    write_json(folder / "config.json", config)


def _tokens(tokenizer, vocabulary_size):
    """A name for every id, no name twice: weights are looked up by it."""
    names = dict(enumerate(tokenizer.get_vocabulary()))
    if isinstance(tokenizer, keras_hub.tokenizers.BytePairTokenizer):
        names = {id: token for token, id in tokenizer.vocabulary.items()}
    last = {token: id for id, token in names.items()}
    return [
        names[id] if last.get(names.get(id)) == id else f"[vacant{id}]"
        for id in range(vocabulary_size)
    ]


def _write_pooling(model, folder):
    mode = model.encoder.pooling_mode
    flags = {flag: name == mode for name, flag in _POOLING_FLAGS.items()}
    size = model.encoder.output_shape[-1]
    config = {"word_embedding_dimension": size, **flags, "include_prompt": True}
    write_json(folder / "config.json", config)


def _numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)
