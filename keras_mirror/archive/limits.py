"""Limits of a `.keras` archive, checked before any of it is unpacked."""

import os
import zipfile

CONFIG, METADATA = "config.json", "metadata.json"
WEIGHTS = "model.weights.h5"
ASSETS = "assets/"
CARD = "assets/README.md"
# Far more than any archive needs; an archive with more is not read.
MAX_MEMBERS = 1_000
MAX_JSON_BYTES = 2**21  # every value is looked at
MAX_TOKENIZER_BYTES = 2**24  # of a tokenizer.json, for 250,000 tokens
MAX_BYTES = 2**26  # of a vocabulary or a card
# The maximum size of a vocabulary: the rules of a normalizer, and for each
# token the bytes of the longest format.
_FREE_ASSET_BYTES = 2**20
_TOKEN_BYTES = 256
# All members together may unpack to this size, plus ten times the size of the
# file: Keras does not compress, and weights compressed by another tool shrink
# by less.
_MAX_UNPACKED = 2**27
_MAX_RATIO = 10
_FREE_WEIGHT_BYTES = 2**24
# Parts of a ZIP file: the record at its end, the record of large files before
# it, both followed by a comment, and the bytes of a member in the directory.
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x07"
_END_BYTES = 22
_MAX_END = 2**16 + _END_BYTES + 20 + 56
_MEMBER_BYTES = 1_000


def check_directory(path: str | os.PathLike) -> None:
    """Refuses a ZIP file with too many members before `zipfile` lists them.

    Args:
        path: String or path.

    Raises:
        ValueError: Its directory is larger than `MAX_MEMBERS` members need.
    """
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - _MAX_END))
        end = file.read()
    place = len(end) - _END_BYTES  # where no comment follows
    if not (end[place:].startswith(_END) and end.endswith(b"\0\0")):
        place = end.rfind(_END)
    size = _number_at(end, place + 12, 4)
    if end[max(0, place - 20) :].startswith(_END_64):
        size = _number_at(end, place - 20 - 56 + 40, 8)
    if place >= 0 and size > MAX_MEMBERS * _MEMBER_BYTES:
        raise ValueError(
            f"it must have at most {MAX_MEMBERS} members. Received: a "
            f"directory of {size} bytes"
        )


def _number_at(content: bytes, place: int, length: int) -> int:
    return int.from_bytes(content[max(0, place) :][:length], "little")


def check_members(path: str | os.PathLike, archive: zipfile.ZipFile) -> None:
    """Refuses an archive with members that Keras would not write.

    Args:
        path: String or path of the archive.
        archive: The archive, open.

    Raises:
        ValueError: The names, number or sizes of the members are not those of a
            `MirrorModel`.
    """
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise ValueError(
            f"it must have at most {MAX_MEMBERS} members. "
            f"Received: {len(members)}"
        )
    _check_names([member.filename for member in members])
    for member in members:
        _check_size(member)
    total = sum(member.file_size for member in members)
    most = _MAX_UNPACKED + _MAX_RATIO * os.path.getsize(path)
    if total > most:
        raise ValueError(
            f"it must unpack to at most {most} bytes. Received: {total}"
        )


def check_vocabularies(archive: zipfile.ZipFile, num_tokens: int) -> None:
    """Refuses vocabularies that are too large for the embedding table.

    Args:
        archive: The archive, open.
        num_tokens: Integer, the largest number of tokens that the model can
            have.

    Raises:
        ValueError: A vocabulary has more bytes than that many tokens need.
    """
    most = min(MAX_BYTES, _FREE_ASSET_BYTES + _TOKEN_BYTES * num_tokens)
    for member in archive.infolist():
        name = member.filename
        if name.startswith(ASSETS) and name != CARD and member.file_size > most:
            raise ValueError(
                f"'{name}' must have at most {most} bytes, for "
                f"{num_tokens} tokens. Received: {member.file_size}"
            )


def _check_names(names: list[str]) -> None:
    known = {CONFIG, METADATA, WEIGHTS, ASSETS}
    if {"settings.json", "vectors.npy"} <= set(names):
        raise ValueError("it is an index, which `search` reads")
    for name in names:
        is_asset = name.startswith(ASSETS) and not {"", "..", "."} & set(
            name.removesuffix("/").split("/")
        )
        if name not in known and (not is_asset or "\\" in name):
            raise ValueError(
                f"its members must be {CONFIG}, {METADATA}, {WEIGHTS} and "
                f"{ASSETS}. Received: {name[:80]!r}"
            )
    if len(set(names)) < len(names):
        raise ValueError("its members must have different names")


def _check_size(member: zipfile.ZipInfo) -> None:
    name, size = member.filename, member.file_size
    is_stored = member.compress_type == zipfile.ZIP_STORED
    if is_stored and size != member.compress_size:
        raise ValueError(
            f"'{name}' must have the size that it declares. "
            f"Received: {size}, stored as {member.compress_size}"
        )
    most = MAX_BYTES if name.startswith(ASSETS) else MAX_JSON_BYTES
    if name == WEIGHTS:
        packed = _FREE_WEIGHT_BYTES + _MAX_RATIO * member.compress_size
        most = size if is_stored else packed
    if size > most:
        raise ValueError(
            f"'{name}' must have at most {most} bytes. Received: {size}"
        )
