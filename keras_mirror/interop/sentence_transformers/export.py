import safetensors.numpy

from keras_mirror.card.model_card import model_card
from keras_mirror.encoder import SentenceEncoder
from keras_mirror.interop.files.json_file import write_json
from keras_mirror.interop.files.mirror_files import write_mirror_files
from keras_mirror.interop.files.new_folder import new_folder
from keras_mirror.interop.hugging_face.model_config import model_config
from keras_mirror.interop.hugging_face.model_weights import model_weights
from keras_mirror.interop.hugging_face.write_tokenizer import write_tokenizer
from keras_mirror.interop.sentence_transformers.modules import write_modules

POOLING_MODES = ("cls", "mean", "max")
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
    if encoder.pooling_mode not in POOLING_MODES:
        raise ValueError(
            f"`pooling_mode` must be one of {POOLING_MODES} to be written for "
            "sentence-transformers. "
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
    length = "have length 1" if normalize else "are not normalised"
    return HOW_TO_LOAD.format(length=length)
