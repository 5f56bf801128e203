"""SentencePiece model files, read and written without protobuf.

SentencePiece ships its message classes without the protobuf that they need, and
only a few fields of a model matter here: see `sentencepiece_model.proto`.
"""

import enum
import pathlib
import struct
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple

_UNIGRAM = 1

# Field numbers of `ModelProto` and of the messages in it.
_PIECES, _TRAINER_SPEC, _NORMALIZER_SPEC = 1, 2, 3
_PIECE, _SCORE, _KIND = 1, 2, 3
_MODEL_TYPE, _VOCABULARY_SIZE, _BYTE_FALLBACK, _UNKNOWN_ID = 3, 4, 35, 40
_UNKNOWN_NAME = 45
_CHARSMAP = 2
# Settings that change ids, by field number. Only their defaults are supported.
_TRAINER = {"treat_whitespace_as_suffix": (24, False)}
_NORMALIZER = {
    "add_dummy_prefix": (3, True),
    "remove_extra_whitespaces": (4, True),
    "escape_whitespaces": (5, True),
}

_LARGEST_SHIFT = 63  # bits of a varint of at most ten bytes
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5


class PieceKind(enum.IntEnum):
    """The kinds of pieces. Text becomes only normal and user-defined ones."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


class Piece(NamedTuple):
    """A piece of a vocabulary; a larger score makes it more likely."""

    text: str
    score: float
    kind: PieceKind


def encode_model(pieces: list[Piece], charsmap: bytes = b"") -> bytes:
    """Makes the content of a unigram model file.

    Args:
        pieces: A list of `Piece`s in the order of their ids, exactly one of
            them unknown.
        charsmap: Bytes, the compiled rules of the normalizer. Defaults to
            `b""`, no rules.

    Returns:
        Bytes.
    """
    kinds = [piece.kind for piece in pieces]
    unknown = kinds.index(PieceKind.UNKNOWN)
    trainer = _field(_MODEL_TYPE, _UNIGRAM)
    trainer += _field(_VOCABULARY_SIZE, len(pieces))
    trainer += _field(_BYTE_FALLBACK, int(PieceKind.BYTE in kinds))
    trainer += _field(_UNKNOWN_ID, unknown)
    trainer += _field(_UNKNOWN_NAME, pieces[unknown].text.encode())
    model = b"".join(_field(_PIECES, _encode_piece(piece)) for piece in pieces)
    model += _field(_TRAINER_SPEC, trainer)
    return model + _field(_NORMALIZER_SPEC, _field(_CHARSMAP, charsmap))


def decode_model(model: bytes) -> tuple[list[Piece], bytes]:
    """Reads the content of a unigram model file.

    Args:
        model: Bytes.

    Returns:
        A tuple `(pieces, charsmap)` as `encode_model` takes them.

    Raises:
        ValueError: The model is damaged, of another type, or has a setting
            that `encode_model` does not write.
    """
    pieces = []
    trainer: dict[int, Any] = {}
    normalizer: dict[int, Any] = {}
    for number, value in _fields(model):
        if number == _PIECES:
            pieces.append(_decode_piece(value))
        elif number == _TRAINER_SPEC:
            trainer.update(_fields(value))
        elif number == _NORMALIZER_SPEC:
            normalizer.update(_fields(value))
    if trainer.get(_MODEL_TYPE, _UNIGRAM) != _UNIGRAM:
        raise ValueError("its type is not unigram")
    for spec, settings in ((trainer, _TRAINER), (normalizer, _NORMALIZER)):
        for name, (number, default) in settings.items():
            _check(name, spec.get(number, default), default)
    has_bytes = any(piece.kind == PieceKind.BYTE for piece in pieces)
    _check("byte_fallback", trainer.get(_BYTE_FALLBACK, False), has_bytes)
    return pieces, normalizer.get(_CHARSMAP, b"")


def _check(name: str, value: Any, expected: bool) -> None:
    if bool(value) != expected:
        raise ValueError(f"its {name} must be {expected}")


def read_model(path: pathlib.Path) -> tuple[list[Piece], bytes]:
    """Reads a unigram model file.

    Args:
        path: A `pathlib.Path`.

    Returns:
        A tuple `(pieces, charsmap)`, see `encode_model`.
    """
    try:
        pieces, charsmap = decode_model(path.read_bytes())
        if not pieces:
            raise ValueError("it has no pieces")
    except (IndexError, KeyError, TypeError, ValueError, struct.error) as error:
        raise ValueError(
            f"{path.name} must be a unigram model of SentencePiece, but is "
            f"damaged or something else. Received: path={path}, error={error!r}"
        ) from error
    return pieces, charsmap


def _encode_piece(piece: Piece) -> bytes:
    message = _field(_PIECE, piece.text.encode())
    message += _varint(_SCORE << 3 | _FIXED_32)
    message += struct.pack("<f", piece.score)
    return message + _field(_KIND, piece.kind)


def _decode_piece(message: bytes) -> Piece:
    fields = dict(_fields(message))
    (score,) = struct.unpack("<f", fields.get(_SCORE, bytes(4)))
    kind = fields.get(_KIND, PieceKind.NORMAL)
    return Piece(fields[_PIECE].decode(), score, PieceKind(kind))


def _field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3 | _VARINT) + _varint(value)
    return _varint(number << 3 | _BYTES) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes([*encoded, value])


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Yields the number and the value of every field of a message."""
    value: int | bytes
    position = 0
    while position < len(message):
        key, position = _read_varint(message, position)
        wire_type = key & 7
        if wire_type == _VARINT:
            value, position = _read_varint(message, position)
        else:
            if wire_type == _BYTES:
                length, position = _read_varint(message, position)
            else:
                length = {_FIXED_64: 8, _FIXED_32: 4}[wire_type]
            value = message[position : position + length]
            position += length
        yield key >> 3, value
    if position != len(message):
        raise ValueError("it ends within a field")


def _read_varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if shift > _LARGEST_SHIFT:
            raise ValueError("a number has more than ten bytes")
        byte = message[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position
