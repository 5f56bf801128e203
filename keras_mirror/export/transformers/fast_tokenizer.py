import keras_hub
import tokenizers
from tokenizers import decoders
from tokenizers import processors

from keras_mirror.checkpoints.tokenizers.sentence_piece_model import PieceKind
from keras_mirror.checkpoints.tokenizers.sentence_piece_model import (
    decode_model,
)
from keras_mirror.export.transformers.fast_unigram import fast_unigram
from keras_mirror.preprocessing.fast_tokenizers import fast_byte_pair
from keras_mirror.preprocessing.fast_tokenizers import fast_word_piece

# Roles in transformers, and keras-hub's attributes with the token's id.
_ROLES = {
    "cls_token": "start_token_id",
    "sep_token": "end_token_id",
    "pad_token": "pad_token_id",
    "mask_token": "mask_token_id",
}


def fast_tokenizer(tokenizer) -> tokenizers.Tokenizer:
    """Converts a keras-hub tokenizer to one of the `tokenizers` library.

    Args:
        tokenizer: A WordPiece, RoBERTa, XLM-R or ALBERT tokenizer of
            `keras_hub.tokenizers`.

    Returns:
        A `tokenizers.Tokenizer`. It gives the ids of `PlainTextTokenizer` if
        its `encode_special_tokens` is set: `[MASK]` in a text stays text.

    Raises:
        ValueError: The tokenizer is of another kind.

    Example:

    >>> fast_tokenizer(tokenizer).encode("a man").tokens
    ['[CLS]', 'a', 'man', '[SEP]']
    """
    kinds = [kind for kind in _MAKERS if isinstance(tokenizer, kind)]
    if not kinds:
        names = [kind.__name__ for kind in _MAKERS]
        raise ValueError(
            f"The tokenizer must be one of {names} to be written for "
            f"transformers. Received: {type(tokenizer).__name__}"
        )
    fast = _MAKERS[kinds[0]](tokenizer)
    tokens = special_tokens(tokenizer)
    fast.add_special_tokens(list(tokens.values()))
    fast.post_processor = _post_processor(tokenizer)
    return fast


def special_tokens(tokenizer) -> dict[str, tokenizers.AddedToken]:
    """The special tokens of a keras-hub tokenizer, by transformers' roles.

    Args:
        tokenizer: A `keras_hub.tokenizers.Tokenizer`.

    Returns:
        A dict of roles, such as `"mask_token"`, to `tokenizers.AddedToken`s. It
        has no `"unk_token"` if the vocabulary has none.

    Example:

    >>> special_tokens(tokenizer)["mask_token"].content
    '[MASK]'
    """
    tokens = {
        role: tokenizer.id_to_token(getattr(tokenizer, name))
        for role, name in _ROLES.items()
    }
    unknown = _unknown(tokenizer)
    if unknown is not None:
        tokens["unk_token"] = unknown
    kinds = keras_hub.tokenizers
    is_word_piece = isinstance(tokenizer, kinds.WordPieceTokenizer)
    return {
        # Except in WordPiece, a space is part of the next word.
        role: tokenizers.AddedToken(
            token,
            lstrip=role == "mask_token" and not is_word_piece,
            normalized=False,
            special=True,
        )
        for role, token in tokens.items()
    }


def _post_processor(tokenizer) -> processors.TemplateProcessing:
    start_id, end_id = tokenizer.start_token_id, tokenizer.end_token_id
    start, end = map(tokenizer.id_to_token, (start_id, end_id))
    pair = [start, "$A", end, "$B:1", f"{end}:1"]
    if start == "<s>":  # RoBERTa has one segment, and two ends between texts
        pair = [start, "$A", end, end, "$B", end]
    return processors.TemplateProcessing(
        single=[start, "$A", end],
        pair=pair,
        special_tokens=[(start, start_id), (end, end_id)],
    )


def _word_piece(tokenizer) -> tokenizers.Tokenizer:
    fast = fast_word_piece(tokenizer)
    fast.decoder = decoders.WordPiece(tokenizer.suffix_indicator)
    return fast


def _byte_pair(tokenizer) -> tokenizers.Tokenizer:
    fast = fast_byte_pair(tokenizer)
    fast.decoder = decoders.ByteLevel()
    return fast


def _unknown(tokenizer) -> str | None:
    kinds = keras_hub.tokenizers
    if isinstance(tokenizer, kinds.WordPieceTokenizer):
        return tokenizer.oov_token
    if isinstance(tokenizer, kinds.BytePairTokenizer):
        return "<unk>" if "<unk>" in tokenizer.vocabulary else None
    pieces, _ = decode_model(tokenizer.proto)
    kinds = [piece.kind for piece in pieces]
    return pieces[kinds.index(PieceKind.UNKNOWN)].text


_MAKERS = {
    keras_hub.tokenizers.WordPieceTokenizer: _word_piece,
    keras_hub.tokenizers.BytePairTokenizer: _byte_pair,
    keras_hub.tokenizers.SentencePieceTokenizer: fast_unigram,
}
