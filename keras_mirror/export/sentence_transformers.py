import os
import pathlib
from collections.abc import Callable

import keras
import keras_hub
import numpy as np
import safetensors.numpy

from keras_mirror.archive.model_card import model_card
from keras_mirror.checkpoints.mirror_files import write_mirror_files
from keras_mirror.checkpoints.sentence_transformers.dense import BIAS
from keras_mirror.checkpoints.sentence_transformers.dense import PLAIN
from keras_mirror.checkpoints.sentence_transformers.dense import WEIGHT
from keras_mirror.checkpoints.sentence_transformers.pooling import POOLING_FLAGS
from keras_mirror.encoder.quantization import is_quantized
from keras_mirror.encoder.sentence_encoder import SentenceEncoder
from keras_mirror.export.transformers.config import model_config
from keras_mirror.export.transformers.tokenizer import write_tokenizer
from keras_mirror.export.transformers.weights import model_weights
from keras_mirror.files import new_folder
from keras_mirror.files import write_json

# Names that all releases of sentence-transformers from 2 to 6 can import.
PACKAGE = "sentence_transformers.models"
HOW_TO_LOAD = """\
```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("path/of/this/folder")
vectors = model.encode(["A man is playing a guitar."])
```

Its vectors {length}. Special tokens in a text are plain text: `[MASK]` does not
mask. `transformers.AutoModel` and `AutoTokenizer` load the backbone; its
pooler, if it has one, is not trained. As a model to train on:

```python
import keras_mirror  # pip install keras-mirror

model = keras_mirror.MirrorModel.from_preset("path/of/this/folder")
vectors = model.encode_text(["A man is playing a guitar."])
```
"""


def export_sentence_transformers(
    model, filepath: str | os.PathLike, normalize: bool = True
) -> None:
    """Writes a folder for sentence-transformers and transformers.

    `sentence_transformers.SentenceTransformer(folder)` gives the embeddings of
    `encode_text`, `transformers.AutoModel.from_pretrained(folder)` those of
    the tokens, and `MirrorModel.from_preset(folder)` the model. The projection
    head and DropHead are left out, since only training uses them.

    Args:
        model: A `MirrorModel` of a BERT, RoBERTa, XLM-R, DistilBERT or
            ALBERT.
        filepath: String or path of a new folder.
        normalize: Boolean, whether embeddings are scaled to length 1.
            Defaults to `True`.

    Raises:
        FileExistsError: `filepath` exists.
        ValueError: The libraries have no modules that compute the same.
    """
    _check(model)
    backbone, tokenizer = model.encoder.backbone, model.preprocessor.tokenizer
    config = model_config(backbone, tokenizer)
    if model.encoder.pooled_layers == "first_last":
        config["output_hidden_states"] = True
    length = "have length 1" if normalize else "are not normalized"
    card = model_card(
        model,
        how_to_load=HOW_TO_LOAD.format(length=length),
        library_name="sentence-transformers",
    )
    with new_folder(filepath, card) as folder:
        write_tokenizer(
            tokenizer,
            folder,
            sequence_length=model.preprocessor.sequence_length,
            input_names=_input_names(config["model_type"]),
        )
        _write_tensors(folder, model_weights(backbone, config))
        write_json(folder / "config.json", config)
        write_modules(model, folder, normalize)
        write_mirror_files(model, folder)


def write_modules(model, folder: pathlib.Path, normalize: bool) -> None:
    """Writes the modules of sentence-transformers that follow the backbone."""
    encoder = model.encoder
    writers: dict[str, Callable | None] = {"Transformer": None}
    if encoder.pooled_layers == "first_last":
        writers["WeightedLayerPooling"] = _write_layers
    if _has_token_weights(encoder):
        writers["WordWeights"] = _write_word_weights
    writers["Pooling"] = _write_pooling
    if encoder.centered or encoder.whitened or encoder.projection_dim:
        writers["Dense"] = _write_end
    if normalize:
        writers["Normalize"] = None
    modules = []
    for index, (name, write) in enumerate(writers.items()):
        path = f"{index}_{name}" if index else ""
        kind = f"{PACKAGE}.{name}"
        modules.append(
            {"idx": index, "name": str(index), "path": path, "type": kind}
        )
        (folder / path).mkdir(exist_ok=True)
        if write is not None:
            write(model, folder / path)
    write_json(folder / "modules.json", modules)
    _write_settings(model, folder)


def _check(model) -> None:
    if is_quantized(model):
        raise ValueError(
            "A sentence-transformers folder needs float weights. Received: a "
            "model quantized to int8. Export the archive saved before "
            "quantization"
        )
    encoder = model.encoder
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
    # transformers returns the outputs of groups, not of the layers in them.
    repetitions = getattr(encoder.backbone, "num_inner_repetitions", 1)
    if encoder.pooled_layers == "first_last" and repetitions > 1:
        raise ValueError(
            "The groups of an ALBERT must have one layer each for "
            "pooled_layers='first_last' to be written for "
            f"sentence-transformers. Received: {repetitions} layers"
        )


def _input_names(model_type: str) -> list[str]:
    segments = ["token_type_ids"] if model_type in ("albert", "bert") else []
    return ["input_ids", *segments, "attention_mask"]


def _write_settings(model, folder: pathlib.Path) -> None:
    length = model.preprocessor.sequence_length
    write_json(
        folder / "sentence_bert_config.json",
        {"max_seq_length": length, "do_lower_case": False},
    )
    write_json(
        folder / "config_sentence_transformers.json",
        {
            "model_type": "SentenceTransformer",
            "prompts": model.preprocessor.prompts.texts,
            "default_prompt_name": model.preprocessor.prompts.default_name,
            "similarity_fn_name": "cosine",
        },
    )


def _write_layers(model, folder: pathlib.Path) -> None:
    num_layers = model.encoder.backbone.num_layers
    weights = np.zeros(num_layers, "float32")
    weights[0] += 1
    weights[-1] += 1
    config = {
        "word_embedding_dimension": model.encoder.backbone.hidden_dim,
        "layer_start": 1,  # 0: the output of the embeddings
        "num_hidden_layers": num_layers,
    }
    write_json(folder / "config.json", config)
    _write_tensors(folder, {"layer_weights": weights})


def _has_token_weights(encoder) -> bool:
    """Whether token weights matter: before any count, all are equal."""
    weights = encoder.token_weights
    return weights is not None and bool(_numpy(weights.counts).any())


def _write_word_weights(model, folder: pathlib.Path) -> None:
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


def _tokens(tokenizer, vocabulary_size: int) -> list[str]:
    """Makes a unique name per id, under which its weight is stored."""
    names = dict(enumerate(tokenizer.get_vocabulary()))
    if isinstance(tokenizer, keras_hub.tokenizers.BytePairTokenizer):
        names = {id: token for token, id in tokenizer.vocabulary.items()}
    last = {token: id for id, token in names.items()}
    return [
        names[id] if last.get(names.get(id)) == id else f"[vacant{id}]"
        for id in range(vocabulary_size)
    ]


def _write_pooling(model, folder: pathlib.Path) -> None:
    mode = model.encoder.pooling_mode
    flags = {flag: name == mode for name, flag in POOLING_FLAGS.items()}
    size = model.encoder.backbone.hidden_dim
    config = {"word_embedding_dimension": size, **flags, "include_prompt": True}
    write_json(folder / "config.json", config)


def _write_end(model, folder: pathlib.Path) -> None:
    """Writes the subtracted mean and the matrices as one linear map."""
    encoder = model.encoder
    size = encoder.backbone.hidden_dim
    kernel, mean = np.eye(size, dtype="float32"), np.zeros(size, "float32")
    if encoder.centered:
        mean = _numpy(encoder.centering.mean)
    if encoder.whitened:
        kernel = _numpy(encoder.whitening.kernel)
    if encoder.projection_dim:
        kernel = kernel @ _numpy(encoder.projection.kernel)
    sizes = {"in_features": size, "out_features": kernel.shape[-1]}
    config = {**sizes, **PLAIN}
    write_json(folder / "config.json", config)
    tensors = {WEIGHT: np.ascontiguousarray(kernel.T), BIAS: -mean @ kernel}
    _write_tensors(folder, tensors)


def _write_tensors(folder: pathlib.Path, tensors: dict) -> None:
    path = folder / "model.safetensors"
    safetensors.numpy.save_file(tensors, path, {"format": "pt"})


def _numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)
