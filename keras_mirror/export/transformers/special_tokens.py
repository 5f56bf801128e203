import keras_hub
import tokenizers

from keras_mirror.checkpoints.tokenizers.sentence_piece_model import PieceKind
from keras_mirror.checkpoints.tokenizers.sentence_piece_model import (
    decode_model,
)

_ROLES = {
    "cls_token": "start_token_id",
    "sep_token": "end_token_id",
    "pad_token": "pad_token_id",
    "mask_token": "mask_token_id",
}


def special_tokens(tokenizer) -> dict[str, tokenizers.AddedToken]:
    """The special tokens of a keras-hub tokenizer, by transformers' roles.

    Args:
        tokenizer: A `keras_hub.tokenizers.Tokenizer`.

    Returns:
        A dict of roles, such as `"mask_token"`, to `tokenizers.AddedToken`s.
        Without `"unk_token"` where the vocabulary has none.

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
        # Except in WordPiece, a space is a part of the next word.
        role: tokenizers.AddedToken(
            token,
            lstrip=role == "mask_token" and not is_word_piece,
            normalized=False,
            special=True,
        )
        for role, token in tokens.items()
    }


def _unknown(tokenizer) -> str | None:
    kinds = keras_hub.tokenizers
    if isinstance(tokenizer, kinds.WordPieceTokenizer):
        return tokenizer.oov_token
    if isinstance(tokenizer, kinds.BytePairTokenizer):
        return "<unk>" if "<unk>" in tokenizer.vocabulary else None
    pieces, _ = decode_model(tokenizer.proto)
    kinds = [piece.kind for piece in pieces]
    return pieces[kinds.index(PieceKind.UNKNOWN)].text
