import keras_hub

from keras_mirror.checkpoints.tokenizers.tokenizer_files import check_ids
from keras_mirror.checkpoints.tokenizers.tokenizer_files import (
    rename_special_tokens,
)

# The names that keras-hub's BertTokenizer has in its code.
_NAMES = {
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "mask_token": "[MASK]",
    "unk_token": "[UNK]",
}


def word_piece_tokenizer(files):
    """Makes a keras-hub tokenizer from a WordPiece vocabulary.

    Args:
        files: A `TokenizerFiles`.

    Returns:
        A `keras_hub.tokenizers.BertTokenizer`, or a `DistilBertTokenizer`
        for a DistilBERT.
    """
    tokenizer_class = keras_hub.tokenizers.BertTokenizer
    if files.model_type == "distilbert":
        tokenizer_class = keras_hub.tokenizers.DistilBertTokenizer
    ids = files.model["vocab"] if files.fast else _read_vocabulary(files)
    ids = check_ids(ids, files)
    ids = rename_special_tokens(ids, files, _NAMES)
    lowercase, strip_accents, split_on_cjk = _normalizer(files)
    return tokenizer_class(
        _lines(ids),
        lowercase=lowercase,
        strip_accents=strip_accents,
        split_on_cjk=split_on_cjk,
        suffix_indicator=files.model.get("continuing_subword_prefix", "##"),
    )


def _read_vocabulary(files):
    text = (files.folder / "vocab.txt").read_text(encoding="utf-8")
    # As in transformers, the last of equal tokens counts.
    return {token: id for id, token in enumerate(text.rstrip().split("\n"))}


def _lines(ids):
    """The tokens in the order of their ids, one for every id.

    Ids without a token of their own get one that no text can contain: those
    left out, and blank tokens, which a vocabulary file could not keep apart.
    """
    tokens = [f"[vacant{id}]" for id in range(max(ids.values()) + 1)]
    for token, id in ids.items():
        if token and not any(character.isspace() for character in token):
            tokens[id] = token
    return tokens


def _normalizer(files):
    """Whether to lower-case, to strip accents, to split Chinese characters."""
    steps = _steps(files.fast.get("normalizer"))
    lowercase = _option(files, steps, "do_lower_case", "lowercase")
    if lowercase is None:
        lowercase = "Lowercase" in steps if files.fast else True
    strip_accents = _option(files, steps, "strip_accents", "strip_accents")
    if strip_accents is None:
        strip_accents = lowercase or "StripAccents" in steps
    split_on_cjk = _option(
        files, steps, "tokenize_chinese_chars", "handle_chinese_chars"
    )
    return lowercase, strip_accents, split_on_cjk is not False


def _option(files, steps, key, step_key):
    value = files.config.get(key)
    if value is None:
        value = steps.get("BertNormalizer", {}).get(step_key)
    return value


def _steps(normalizer):
    """The parts of a normalizer by their type."""
    if not normalizer:
        return {}
    if normalizer["type"] != "Sequence":
        return {normalizer["type"]: normalizer}
    steps = {}
    for part in normalizer["normalizers"]:
        steps.update(_steps(part))
    return steps
