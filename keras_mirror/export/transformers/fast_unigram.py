import keras_hub
import tokenizers
from tokenizers import decoders
from tokenizers import models
from tokenizers import normalizers
from tokenizers import pre_tokenizers

from keras_mirror.checkpoints.tokenizers.sentence_piece_model import Piece
from keras_mirror.checkpoints.tokenizers.sentence_piece_model import PieceKind
from keras_mirror.checkpoints.tokenizers.sentence_piece_model import (
    decode_model,
)
from keras_mirror.preprocessing.plain_text_tokenizer import PlainTextTokenizer
from keras_mirror.preprocessing.plain_text_tokenizer import spell_apart

# SentencePiece never finds its special pieces in a text. The tokenizers library
# treats them as words; a score this low keeps it from using them.
_NEVER = -10_000.0


def fast_unigram(tokenizer) -> tokenizers.Tokenizer:
    """Converts a SentencePiece tokenizer to one of the `tokenizers` library.

    Args:
        tokenizer: A `keras_hub.tokenizers.SentencePieceTokenizer` with a
            unigram model.

    Returns:
        A `tokenizers.Tokenizer` without a post processor.

    Raises:
        ValueError: Its model is of another type.
    """
    try:
        pieces, charsmap = decode_model(tokenizer.proto)
    except ValueError as error:
        raise ValueError(
            "A SentencePiece tokenizer must have a unigram model to be "
            f"written for transformers. Received: a model, but {error}"
        ) from error
    vocabulary, unknown_id = _vocabulary(tokenizer, pieces)
    has_bytes = any(piece.kind == PieceKind.BYTE for piece in pieces)
    model = models.Unigram(vocabulary, unknown_id, has_bytes)
    fast = tokenizers.Tokenizer(model)
    steps = _replacements(tokenizer)
    steps += [normalizers.Precompiled(charsmap)] if charsmap else []
    if steps:
        is_one = len(steps) == 1
        fast.normalizer = steps[0] if is_one else normalizers.Sequence(steps)
    fast.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Metaspace(prepend_scheme="always"),
        ]
    )
    fast.decoder = decoders.Metaspace(prepend_scheme="always")
    return fast


def _vocabulary(
    tokenizer, pieces: list[Piece]
) -> tuple[list[tuple[str, float]], int]:
    """Pairs of a token and its score, and the id of the unknown token."""
    best = max(piece.score for piece in pieces if _is_text(piece))
    entries = [(piece.text, _score(piece, best)) for piece in pieces]
    unknown_id = [piece.kind for piece in pieces].index(PieceKind.UNKNOWN)
    if isinstance(tokenizer, keras_hub.tokenizers.XLMRobertaTokenizer):
        # Its first tokens have another order, and it has a mask token.
        names = tokenizer.get_vocabulary()
        first = [(name, _NEVER) for name in names[:4]]
        entries = [*first, *entries[3:], (names[-1], _NEVER)]
        unknown_id = tokenizer.unk_token_id
    return entries, unknown_id


def _score(piece: Piece, best: float) -> float:
    if piece.kind == PieceKind.USER_DEFINED:
        return len(piece.text.encode()) * best - 0.1  # SentencePiece's own
    return piece.score if _is_text(piece) else _NEVER


def _is_text(piece: Piece) -> bool:
    return piece.kind == PieceKind.NORMAL


def _replacements(tokenizer) -> list:
    """Replacements of whole tokens, which character rules cannot express."""
    plain_text = PlainTextTokenizer(tokenizer)
    steps = [
        normalizers.Replace(token, spell_apart(token))
        for token in plain_text.matched_special_tokens
    ]
    for quotes in ("``", "''"):  # ALBERT's
        two, one, double = plain_text([f"a{quotes}", f"a{quotes[0]}", 'a"'])
        if two == double != one:
            steps.append(normalizers.Replace(quotes, '"'))
    return steps
