import keras_hub

from keras_mirror.checkpoints.tokenizers.tokenizer_files import BERT_NAMES
from keras_mirror.checkpoints.tokenizers.tokenizer_files import TokenizerFiles
from keras_mirror.checkpoints.tokenizers.tokenizer_files import check_ids
from keras_mirror.checkpoints.tokenizers.tokenizer_files import (
    rename_special_tokens,
)


def word_piece_tokenizer(
    files: TokenizerFiles,
) -> keras_hub.tokenizers.BertTokenizer:
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
    known = files.model["vocab"] if files.fast else _read_vocabulary(files)
    ids = check_ids(known, files)
    ids = rename_special_tokens(ids, files, BERT_NAMES)
    # Special tokens in a text count as text, even those without a role.
    special = {t.content for t in files.added_tokens.values() if t.special}
    hidden = special - set(known) - set(BERT_NAMES.values())
    lowercase, strip_accents, split_on_cjk = _normalizer(files)
    return tokenizer_class(
        _lines(ids, hidden),
        lowercase=lowercase,
        strip_accents=strip_accents,
        split_on_cjk=split_on_cjk,
        suffix_indicator=files.model.get("continuing_subword_prefix", "##"),
    )


def _read_vocabulary(files: TokenizerFiles) -> dict[str, int]:
    text = (files.folder / "vocab.txt").read_text(encoding="utf-8")
    # As in transformers, the last of equal tokens counts.
    return {token: id for id, token in enumerate(text.rstrip().split("\n"))}


def _lines(ids: dict[str, int], hidden: set[str]) -> list[str]:
    """The tokens in the order of their ids, one per id.

    Missing ids, hidden tokens and blank tokens, which a vocabulary file could
    not tell apart, get a token that no text can contain.
    """
    tokens = [f"[vacant{id}]" for id in range(max(ids.values()) + 1)]
    for token, id in ids.items():
        is_blank = not token or any(map(str.isspace, token))
        if not is_blank and token not in hidden:
            tokens[id] = token
    return tokens


def _normalizer(files: TokenizerFiles) -> tuple[bool, bool, bool]:
    """Whether to lower-case, to strip accents, to split Chinese characters."""
    bert = files.normalizers[0] if files.fast else {}

    def option(key: str, step_key: str) -> bool | None:
        value = files.config.get(key)
        return bert.get(step_key) if value is None else value

    lowercase = option("do_lower_case", "lowercase")
    lowercase = lowercase is not False
    strip_accents = option("strip_accents", "strip_accents")
    if strip_accents is None:
        strip_accents = lowercase
    split_on_cjk = option("tokenize_chinese_chars", "handle_chinese_chars")
    return lowercase, strip_accents, split_on_cjk is not False
