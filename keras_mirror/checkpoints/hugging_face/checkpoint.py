import pathlib

import keras_hub

from keras_mirror.checkpoints.hugging_face.config import activation_name
from keras_mirror.checkpoints.hugging_face.config import complete_config
from keras_mirror.checkpoints.hugging_face.keras_hub_view import keras_hub_view
from keras_mirror.checkpoints.preset_parts import PresetParts
from keras_mirror.checkpoints.tokenizers.byte_pair import byte_pair_tokenizer
from keras_mirror.checkpoints.tokenizers.hugging_face import (
    hugging_face_tokenizer,
)
from keras_mirror.checkpoints.tokenizers.probe import check_against_tokenizers
from keras_mirror.checkpoints.tokenizers.tokenizer_files import (
    OtherTokenizerError,
)
from keras_mirror.checkpoints.tokenizers.tokenizer_files import TokenizerFiles
from keras_mirror.checkpoints.tokenizers.tokenizer_settings import (
    check_settings,
)
from keras_mirror.checkpoints.tokenizers.tokenizer_settings import (
    check_truncation,
)
from keras_mirror.checkpoints.tokenizers.tokenizer_steps import check_steps
from keras_mirror.checkpoints.tokenizers.unigram import unigram_tokenizer
from keras_mirror.checkpoints.tokenizers.word_piece import word_piece_tokenizer
from keras_mirror.encoder.backbone_settings import check_epsilon
from keras_mirror.file_kinds import missing_content
from keras_mirror.machine_errors import reason


def load_hugging_face(
    folder: pathlib.Path, config: dict, dropout: float | None = None, dtype=None
) -> PresetParts:
    """Loads a local Hugging Face folder of a masked language model.

    keras-hub's own converters load the weights, from a temporary folder that
    has everything where they look for it. Unlike
    `keras_hub.models.Backbone.from_preset`, this reads `pytorch_model.bin`
    (without running any pickled code), models without a pooler, weights saved
    with or without a prefix, and vocabularies that are only in
    `tokenizer.json`; and it follows the folder's own special tokens, lower
    casing and accents, or else its `tokenizer.json`.

    Args:
        folder: A `pathlib.Path`.
        config: Dict, the content of its `config.json`. The `model_type` must
            be one of `"albert"`, `"bert"`, `"distilbert"`, `"roberta"` and
            `"xlm-roberta"`.
        dropout: Float, the rate of the backbone. Defaults to `None`: the
            hidden dropout of `config`.
        dtype: The dtype or dtype policy of the backbone. Defaults to `None`:
            the global policy.

    Returns:
        A `PresetParts`, with the activation and the epsilon of `config`.

    Example:

    ```python
    folder = pathlib.Path("path/to/bert-base-uncased")
    parts = load_hugging_face(folder, read_config(folder))
    set_activation(parts.backbone, parts.activation)
    ```
    """
    config = complete_config(config, folder)
    options = {"dropout": dropout, "dtype": dtype}
    if dropout is None:
        is_distil_bert = config["model_type"] == "distilbert"
        key = "dropout" if is_distil_bert else "hidden_dropout_prob"
        options["dropout"] = config[key]
    if config["model_type"] == "bert":  # left out by keras-hub 0.32
        options["num_segments"] = config["type_vocab_size"]
    # DistilBERT has this epsilon in its code.
    epsilon = config.get("layer_norm_eps", 1e-12)
    check_epsilon(epsilon)
    with keras_hub_view(folder, config) as view:  # checks all sizes first
        tokenizer = load_hugging_face_tokenizer(folder, config)
        try:
            backbone = keras_hub.models.Backbone.from_preset(view, **options)
        except ValueError as error:
            raise ValueError(
                "The weights must have the sizes that config.json says, and "
                f"values that keras-hub supports. Received: folder={folder}, "
                f"error={reason(error)}"
            ) from error
    return PresetParts(
        backbone=backbone,
        tokenizer=tokenizer,
        activation=activation_name(config),
        layer_norm_epsilon=epsilon,
    )


_MODELS = {
    "BPE": byte_pair_tokenizer,
    "Unigram": unigram_tokenizer,
    "WordPiece": word_piece_tokenizer,
}
# Errors that files not written by transformers may cause.
_MALFORMED = (
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    UnicodeDecodeError,
)
# The files of older folders, without `tokenizer.json`.
_FILES = {
    "vocab.txt": "WordPiece",
    "vocab.json": "BPE",
    "sentencepiece.bpe.model": "Unigram",
    "spiece.model": "Unigram",
}


def load_hugging_face_tokenizer(folder: pathlib.Path, config: dict):
    """Makes a tokenizer from the files of a Hugging Face folder.

    The tokenizer's class follows the kind of the vocabulary, not the model:
    some BERTs come with a SentencePiece vocabulary. A tokenizer that
    keras-hub's classes cannot follow is run by the tokenizers library itself.

    Args:
        folder: A `pathlib.Path`.
        config: A dict, as `complete_config` returns it.

    Returns:
        A tokenizer that gives the same ids as the folder's: one of keras-hub,
        or a `HuggingFaceTokenizer`.

    Raises:
        ValueError: The files are damaged, or not safe to follow.
    """
    files = TokenizerFiles(folder, config["vocab_size"], config["model_type"])
    try:
        return _checked_tokenizer(files, config)
    except _MALFORMED as error:
        cause = missing_content(folder) or repr(error)
        raise ValueError(
            "The tokenizer's files must have the form that transformers "
            f"writes. Received: folder={folder}, error={cause}"
        ) from error


def _checked_tokenizer(files: TokenizerFiles, config: dict):
    model = _model(files)
    check_settings(files, config)
    try:
        return _keras_hub_tokenizer(model, files)
    except OtherTokenizerError:
        if not files.fast:
            raise
    tokenizer = hugging_face_tokenizer(model, files)
    check_against_tokenizers(tokenizer, files)
    return tokenizer


def _keras_hub_tokenizer(model: str, files: TokenizerFiles):
    check_truncation(files)
    if not files.fast:
        return _MODELS[model](files)
    check_steps(model, files)
    tokenizer = _MODELS[model](files)
    check_against_tokenizers(tokenizer, files)
    return tokenizer


def _model(files: TokenizerFiles) -> str:
    if files.fast:
        return _fast_model(files)
    for name, model in _FILES.items():
        if (files.folder / name).is_file():
            return model
    raise FileNotFoundError(
        "A Hugging Face folder must hold its tokenizer as one of "
        f"tokenizer.json, {', '.join(_FILES)}. Received: folder={files.folder}"
    )


def _fast_model(files: TokenizerFiles) -> str:
    vocabulary = files.model.get("vocab")
    if "merges" in files.model:
        guess = "BPE"
    else:
        guess = "Unigram" if isinstance(vocabulary, list) else "WordPiece"
    model = files.model.get("type", guess)  # older files leave it out
    container = list if model == "Unigram" else dict
    is_one = model in list(_MODELS) and isinstance(vocabulary, container)
    if not is_one or not vocabulary:
        raise ValueError(
            f"tokenizer.json must hold a vocabulary of one of the kinds "
            f"{', '.join(_MODELS)}. Received: type={model!r} in "
            f"folder={files.folder}"
        )
    return model
