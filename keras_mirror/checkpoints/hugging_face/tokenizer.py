import pathlib

from keras_mirror.checkpoints.tokenizers.byte_pair import byte_pair_tokenizer
from keras_mirror.checkpoints.tokenizers.tokenizer_files import TokenizerFiles
from keras_mirror.checkpoints.tokenizers.unigram import unigram_tokenizer
from keras_mirror.checkpoints.tokenizers.word_piece import word_piece_tokenizer

_MODELS = {
    "BPE": byte_pair_tokenizer,
    "Unigram": unigram_tokenizer,
    "WordPiece": word_piece_tokenizer,
}
# What files that transformers did not write may lead to.
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
    """Makes a keras-hub tokenizer from the files of a Hugging Face folder.

    The tokenizer's class follows the kind of the vocabulary, not the model:
    some BERTs come with a SentencePiece vocabulary.

    Args:
        folder: A `pathlib.Path`.
        config: A dict, as `complete_config` returns it.

    Returns:
        A `keras_hub.tokenizers.Tokenizer` with the ids of the folder's.
    """
    files = TokenizerFiles(folder, config["vocab_size"], config["model_type"])
    try:
        return _MODELS[_model(files)](files)
    except _MALFORMED as error:
        raise ValueError(
            "The tokenizer's files must have the form that transformers "
            f"writes. Received: folder={folder}, error={error!r}"
        ) from error


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
