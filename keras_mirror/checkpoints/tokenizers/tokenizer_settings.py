"""The settings in files beside a vocabulary that are supported."""

from keras_mirror.checkpoints.tokenizers.tokenizer_files import (
    OtherTokenizerError,
)
from keras_mirror.checkpoints.tokenizers.tokenizer_files import TokenizerFiles

# Classes of transformers that read a vocabulary as this package does.
_CLASSES = (
    "AlbertTokenizer",
    "BartTokenizer",
    "BertTokenizer",
    "DistilBertTokenizer",
    "ElectraTokenizer",
    "LongformerTokenizer",
    "MobileBertTokenizer",
    "RobertaTokenizer",
    "XLMRobertaTokenizer",
)
# Classes that always follow `tokenizer.json`, or change other files.
_CLASSES_OF_FAST = (
    *_CLASSES,
    "CamembertTokenizer",
    "MPNetTokenizer",
    "PreTrainedTokenizer",
    "TokenizersBackend",
)
# Settings of `tokenizer_config.json` that change ids.
_EXPECTED = {
    "do_basic_tokenize": True,
    "never_split": None,
    "remove_space": True,
    "sp_model_kwargs": None,
    "subword_tokenizer_type": None,
    "word_tokenizer_type": None,
}


def check_settings(files: TokenizerFiles, config: dict) -> None:
    """Checks what the files beside a vocabulary ask for.

    Args:
        files: A `TokenizerFiles`.
        config: A dict, the content of `config.json`.

    Raises:
        ValueError: They contradict `tokenizer.json`.
    """
    for name, expected in _EXPECTED.items():
        _check(name, files.config.get(name), expected, files)
    if files.truncation_side not in ("left", "right"):
        raise ValueError(
            "`truncation_side` must be 'left' or 'right'. "
            f"Received: {files.truncation_side!r} in folder={files.folder}"
        )
    _check_class(files, config)


def check_truncation(files: TokenizerFiles) -> None:
    """Checks that texts are truncated at their end, as keras-hub does.

    Args:
        files: A `TokenizerFiles`.

    Raises:
        OtherTokenizerError: They are truncated at their start.
    """
    if files.truncation_side != "right":
        raise OtherTokenizerError(
            "`truncation_side` of a tokenizer must be 'right' for keras-hub's "
            f"tokenizers. Received: {files.truncation_side!r} in "
            f"folder={files.folder}"
        )


def _check(
    name: str, value: object, expected: object, files: TokenizerFiles
) -> None:
    is_absent = value is None or value == [] or value == {}
    if not is_absent and value != expected:
        raise ValueError(
            f"`{name}` of a tokenizer must be {expected!r} to be followed. "
            f"Received: {name}={value!r} in folder={files.folder}"
        )


def _check_class(files: TokenizerFiles, config: dict) -> None:
    own = files.config.get("tokenizer_class")
    name = config.get("tokenizer_class") if own is None else own
    known = _CLASSES_OF_FAST if files.fast else _CLASSES
    has_own_code = "AutoTokenizer" in (files.config.get("auto_map") or {})
    is_known = name is None or str(name).removesuffix("Fast") in known
    if has_own_code or not is_known:
        raise ValueError(
            f"`tokenizer_class` must be one of {', '.join(known)}, and the "
            "folder must not hold its own tokenizer code. Received: "
            f"tokenizer_class={name!r}, "
            f"auto_map={files.config.get('auto_map')} in folder={files.folder}"
        )
