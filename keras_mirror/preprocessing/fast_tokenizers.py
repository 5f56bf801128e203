"""Converts tokenizers of keras-hub to those of the `tokenizers` library."""

import tokenizers
from tokenizers import models
from tokenizers import normalizers
from tokenizers import pre_tokenizers

# BERT's limit: a longer word becomes the unknown token.
MAX_CHARACTERS_PER_WORD = 100


def fast_word_piece(tokenizer) -> tokenizers.Tokenizer:
    """Converts a WordPiece tokenizer to one of the `tokenizers` library.

    The result cleans and splits texts as BERT does, and has no special tokens.

    Args:
        tokenizer: A `keras_hub.tokenizers.WordPieceTokenizer`.

    Returns:
        A `tokenizers.Tokenizer`.

    Example:

    >>> fast_word_piece(tokenizer).encode("a man").tokens
    ['a', 'man']
    """
    model = models.WordPiece(
        {token: id for id, token in enumerate(tokenizer.vocabulary)},
        unk_token=tokenizer.oov_token,
        max_input_chars_per_word=MAX_CHARACTERS_PER_WORD,
        continuing_subword_prefix=tokenizer.suffix_indicator,
    )
    fast = tokenizers.Tokenizer(model)
    fast.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=tokenizer.split_on_cjk,
        strip_accents=tokenizer.strip_accents,
        lowercase=tokenizer.lowercase,
    )
    fast.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return fast


def fast_byte_pair(tokenizer) -> tokenizers.Tokenizer:
    """Converts a byte-pair tokenizer to one of the `tokenizers` library.

    The result splits as RoBERTa does, and has no special tokens.

    Args:
        tokenizer: A `keras_hub.tokenizers.BytePairTokenizer`.

    Returns:
        A `tokenizers.Tokenizer`.
    """
    halves = (merge.partition(" ") for merge in merges(tokenizer))
    pairs = [(left, right) for left, _, right in halves]
    fast = tokenizers.Tokenizer(models.BPE(dict(tokenizer.vocabulary), pairs))
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=tokenizer.add_prefix_space
    )
    return fast


def merges(tokenizer) -> list[str]:
    """A byte-pair tokenizer's merges, `"left right"`, without their header."""
    return [merge for merge in tokenizer.merges if "#version:" not in merge]
