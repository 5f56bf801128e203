import keras
import keras_hub
import numpy as np
import safetensors.numpy

from keras_mirror.archive.model_card import model_card
from keras_mirror.checkpoints.mirror_files import write_mirror_files
from keras_mirror.checkpoints.sentence_transformers.pooling import (
    POOLING_FLAGS,
)
from keras_mirror.encoder.sentence_encoder import SentenceEncoder
from keras_mirror.export.transformers.config import model_config
from keras_mirror.export.transformers.tokenizer import write_tokenizer
from keras_mirror.export.transformers.weights import model_weights
from keras_mirror.files import new_folder
from keras_mirror.files import write_json

HOW_TO_LOAD = """\
```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("path/of/this/folder")
vectors = model.encode(["A man is playing a guitar."])
```

Its vectors {length}. What a text says is text: `[MASK]` in it is no
special token. `transformers.AutoModel` and `AutoTokenizer` load the backbone;
its pooler, if it has one, is not trained. As a model to train on:

```python
import keras_mirror  # pip install keras-mirror

model = keras_mirror.MirrorModel.from_preset("path/of/this/folder")
vectors = model.encode_text(["A man is playing a guitar."])
```
"""


def export_sentence_transformers(model, folder, normalize=True):
    """Writes a folder for sentence-transformers and transformers.

    `sentence_transformers.SentenceTransformer(folder)` gives the vectors of
    `encode_text`, `transformers.AutoModel.from_pretrained(folder)` those of
    the tokens, and `MirrorModel.from_preset(folder)` the model. A projection
    head and dropped heads, which belong to training, are not written.

    Args:
        model: A `MirrorModel` of a BERT, RoBERTa, XLM-R, DistilBERT or
            ALBERT.
        folder: String or path of a new folder.
        normalize: Boolean, whether vectors get length 1. Defaults to `True`.

    Raises:
        FileExistsError: `folder` exists.
        ValueError: The libraries have no modules that compute the same.
    """
    _check(model.encoder)
    backbone = model.encoder.backbone
    tokenizer = model.preprocessor.tokenizer
    config = model_config(backbone, tokenizer)
    with new_folder(folder) as unfinished:
        write_tokenizer(
            tokenizer,
            unfinished,
            model.preprocessor.sequence_length,
            _input_names(config["model_type"]),
        )
        weights = model_weights(backbone, config)
        safetensors.numpy.save_file(
            weights, unfinished / "model.safetensors", {"format": "pt"}
        )
        if model.encoder.pooled_layers == "first_last":
            config["output_hidden_states"] = True
        write_json(unfinished / "config.json", config)
        write_modules(model, unfinished, normalize)
        write_mirror_files(model, unfinished)
        card = model_card(
            model,
            how_to_load=_how_to_load(normalize),
            library_name="sentence-transformers",
        )
        (unfinished / "README.md").write_text(card, encoding="utf-8")


def _check(encoder):
    if not isinstance(encoder, SentenceEncoder):
        raise ValueError(
            "sentence-transformers needs a keras-hub backbone: `encoder` must "
            "be a `SentenceEncoder`. "
            f"Received: encoder={type(encoder).__name__}"
        )
    if encoder.pooling_mode not in POOLING_FLAGS:
        raise ValueError(
            f"`pooling_mode` must be one of {tuple(POOLING_FLAGS)} to be "
            "written for sentence-transformers. "
            f"Received: pooling_mode={encoder.pooling_mode!r}"
        )
    # transformers gives the outputs of groups, not of the layers in them.
    repetitions = getattr(encoder.backbone, "num_inner_repetitions", 1)
    if encoder.pooled_layers == "first_last" and repetitions > 1:
        raise ValueError(
            "The groups of an ALBERT must have one layer each for "
            "pooled_layers='first_last' to be written for "
            f"sentence-transformers. Received: {repetitions} layers"
        )


def _input_names(model_type):
    segments = ["token_type_ids"] if model_type in ("albert", "bert") else []
    return ["input_ids", *segments, "attention_mask"]


def _how_to_load(normalize):
    length = "have length 1" if normalize else "are not normalized"
    return HOW_TO_LOAD.format(length=length)


# Names that all releases of sentence-transformers from 2 to 6 import.
_PACKAGE = "sentence_transformers.models"


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
    flags = {flag: name == mode for name, flag in POOLING_FLAGS.items()}
    size = model.encoder.output_shape[-1]
    config = {"word_embedding_dimension": size, **flags, "include_prompt": True}
    write_json(folder / "config.json", config)


def _numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)
