import base64
import re
from collections.abc import Collection

import keras_hub

from keras_mirror.checkpoints.tokenizers.charsmap import compile_charsmap
from keras_mirror.checkpoints.tokenizers.charsmap import split_special_tokens
from keras_mirror.checkpoints.tokenizers.sentence_piece_model import Piece
from keras_mirror.checkpoints.tokenizers.sentence_piece_model import PieceKind
from keras_mirror.checkpoints.tokenizers.sentence_piece_model import (
    encode_model,
)
from keras_mirror.checkpoints.tokenizers.sentence_piece_model import read_model
from keras_mirror.checkpoints.tokenizers.tokenizer_files import TokenizerFiles
from keras_mirror.checkpoints.tokenizers.tokenizer_files import check_ids

# The special tokens in the code of keras-hub's AlbertTokenizer.
_NAMES = {
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "pad_token": "<pad>",
    "mask_token": "[MASK]",
}
# The special tokens of its XLMRobertaTokenizer, which also fixes their ids:
# these come first, as in fairseq, and the mask last.
_XLM_ROBERTA_NAMES = {0: "<s>", 1: "<pad>", 2: "</s>", 3: "<unk>"}


def unigram_tokenizer(
    files: TokenizerFiles,
) -> keras_hub.tokenizers.SentencePieceTokenizer:
    """Makes a keras-hub tokenizer from a unigram vocabulary.

    Args:
        files: A `TokenizerFiles`.

    Returns:
        A `keras_hub.tokenizers.XLMRobertaTokenizer` if the special tokens have
        the ids that this class expects, or else an `AlbertTokenizer`, which
        accepts any ids.
    """
    if files.fast:
        pieces = _fast_pieces(files)
        charsmap = compile_charsmap(files.normalizers)
        return _tokenizer(pieces, charsmap, files)
    xlm_roberta = files.folder / "sentencepiece.bpe.model"
    if xlm_roberta.is_file():
        read_model(xlm_roberta)  # raises where the file is damaged
        proto = xlm_roberta.read_bytes()
        return keras_hub.tokenizers.XLMRobertaTokenizer(proto)
    pieces, charsmap = read_model(files.folder / "spiece.model")
    charsmap = compile_charsmap(_albert_steps(charsmap, files.config))
    return _tokenizer(pieces, charsmap, files)


def _fast_pieces(files: TokenizerFiles) -> list[Piece]:
    unknown = files.model["unk_id"]
    has_bytes = files.model.get("byte_fallback", False)
    pieces = [
        Piece(entry[0], entry[1], _kind(entry[0], has_bytes))
        for entry in files.model["vocab"]
    ]
    pieces[unknown] = pieces[unknown]._replace(kind=PieceKind.UNKNOWN)
    return pieces


def _kind(text: str, has_bytes: bool) -> PieceKind:
    is_byte = has_bytes and re.fullmatch("<0x[0-9A-F]{2}>", text)
    return PieceKind.BYTE if is_byte else PieceKind.NORMAL


def _albert_steps(charsmap: bytes, config: dict) -> list[dict]:
    """The steps of transformers for a text, with SentencePiece's rules last."""
    steps: list[dict] = [
        {"type": "Replace", "pattern": {"String": quote}, "content": '"'}
        for quote in ("``", "''")
    ]
    if not config.get("keep_accents", False):
        steps += [{"type": "NFKD"}, {"type": "StripAccents"}]
    if config.get("do_lower_case", True):
        steps += [{"type": "Lowercase"}]
    if charsmap:
        encoded = base64.b64encode(charsmap).decode()
        steps += [{"type": "Precompiled", "precompiled_charsmap": encoded}]
    return steps


def _tokenizer(
    pieces: list[Piece], charsmap: bytes, files: TokenizerFiles
) -> keras_hub.tokenizers.SentencePieceTokenizer:
    check_ids({piece.text: id for id, piece in enumerate(pieces)}, files)
    pieces = _distinct(_with_added_tokens(pieces, files))
    ids = {piece.text: id for id, piece in enumerate(pieces)}
    tokens = files.special_tokens(ids, _NAMES)
    special = {role: ids[token] for role, token in tokens.items()}
    if _is_xlm_roberta(special, pieces):
        pieces = _rename(pieces, _XLM_ROBERTA_NAMES)
        start, _, end, unknown, *others = pieces[: special["mask_token"]]
        proto = encode_model([unknown, start, end, *others], charsmap)
        return keras_hub.tokenizers.XLMRobertaTokenizer(proto)
    names = {id: _NAMES[role] for role, id in special.items()}
    apart = split_special_tokens(files.normalizers)
    proto = encode_model(_rename(pieces, names, apart), charsmap)
    return keras_hub.tokenizers.AlbertTokenizer(proto)


def _with_added_tokens(
    pieces: list[Piece], files: TokenizerFiles
) -> list[Piece]:
    ids = {piece.text: id for id, piece in enumerate(pieces)}
    pieces = list(pieces)
    for token in files.added_tokens.values():
        id = ids.get(token.content, token.id)
        pieces += map(_vacant, range(len(pieces), id + 1))
        kind = PieceKind.CONTROL if token.special else PieceKind.USER_DEFINED
        if pieces[id].kind == PieceKind.UNKNOWN:
            kind = PieceKind.UNKNOWN
        pieces[id] = Piece(token.content, 0.0, kind)
    return pieces


def _distinct(pieces: list[Piece]) -> list[Piece]:
    """The pieces without empty and repeated ones, which SentencePiece refuses.

    Of repeated pieces the last counts, as in transformers.
    """
    last = {piece.text: id for id, piece in enumerate(pieces)}
    return [
        piece if piece.text and last[piece.text] == id else _vacant(id)
        for id, piece in enumerate(pieces)
    ]


def _rename(
    pieces: list[Piece], names: dict[int, str], found: Collection[str] = ()
) -> list[Piece]:
    """Renames special pieces, given by their ids.

    Only pieces with an old name in `found` can be found in a text.
    """
    renamed = [
        _vacant(id) if piece.text in names.values() else piece
        for id, piece in enumerate(pieces)
    ]
    for id, name in names.items():
        kind = PieceKind.CONTROL
        if pieces[id].kind == PieceKind.UNKNOWN:
            kind = PieceKind.UNKNOWN
        elif pieces[id].text in found:
            kind = PieceKind.USER_DEFINED
        renamed[id] = Piece(name, 0.0, kind)
    return renamed


def _vacant(id: int) -> Piece:
    return Piece(f"[vacant{id}]", 0.0, PieceKind.UNUSED)


def _is_xlm_roberta(special: dict[str, int], pieces: list[Piece]) -> bool:
    start = [special[role] for role in ("cls_token", "pad_token", "sep_token")]
    mask = special["mask_token"]
    return (
        start == [0, 1, 2]
        and pieces[3].kind == PieceKind.UNKNOWN
        and mask > 3
        and all(piece.kind != PieceKind.NORMAL for piece in pieces[mask:])
    )
