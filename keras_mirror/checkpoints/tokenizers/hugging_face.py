from keras_mirror.checkpoints.tokenizers.probe import reference_content
from keras_mirror.checkpoints.tokenizers.tokenizer_files import ROBERTA_NAMES
from keras_mirror.checkpoints.tokenizers.tokenizer_files import TokenizerFiles
from keras_mirror.checkpoints.tokenizers.tokenizer_files import check_ids
from keras_mirror.preprocessing.hugging_face_tokenizer import (
    HuggingFaceTokenizer,
)

_NEEDED = ("pad_token", "mask_token")


def hugging_face_tokenizer(
    model: str, files: TokenizerFiles
) -> HuggingFaceTokenizer:
    """Makes a tokenizer that runs `tokenizer.json` in the tokenizers library.

    Args:
        model: String, the kind of the vocabulary.
        files: A `TokenizerFiles` with a `tokenizer.json`.

    Returns:
        A `HuggingFaceTokenizer`.

    Raises:
        ValueError: The file is damaged, or not safe to follow.
    """
    content = reference_content(files)
    content["model"] = {**content["model"], "type": model}
    known = content["model"]["vocab"]
    if isinstance(known, list):
        known = {entry[0]: id for id, entry in enumerate(known)}
    ids = check_ids(known, files)
    try:
        return HuggingFaceTokenizer.from_content(
            content,
            _roles(ids, files),
            truncation_side=files.truncation_side,
        )
    except ValueError as error:
        raise ValueError(f"{error}, in folder={files.folder}") from error


def _roles(ids: dict[str, int], files: TokenizerFiles) -> dict[str, str]:
    """The special tokens: the required ones, and optional ones if present."""
    named = files.named_special_tokens(ids, ROBERTA_NAMES)
    others = {
        role: token
        for role, token in named.items()
        if role not in _NEEDED and token in ids
    }
    return {**files.special_tokens(ids, _NEEDED), **others}
