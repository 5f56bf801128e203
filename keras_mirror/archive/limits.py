"""What a `.keras` archive may hold, found out before any of it is unpacked."""

import os
import zipfile
from typing import IO

from keras_mirror.archive.stored_member import StoredMember

CONFIG, METADATA = "config.json", "metadata.json"
WEIGHTS = "model.weights.h5"
ASSETS = "assets/"
# Far more than an archive has; one with more is not read.
MAX_MEMBERS = 1_000
MAX_JSON_BYTES = 2**24  # becomes 20 times as much in memory
MAX_BYTES = 2**26  # of a vocabulary or a card
# Of all members together, beside ten times the size of the file: Keras does
# not compress, and weights that another tool compressed shrink less.
_MAX_UNPACKED = 2**27
_MAX_RATIO = 10
MAX_DATASETS = 100_000
# Of a ZIP file: the record at its end and that of large files before it, both
# with a comment behind; and the bytes of a member in the directory.
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x07"
_END_BYTES = 22
_MAX_END = 2**16 + _END_BYTES + 20 + 56
_MEMBER_BYTES = 1_000
_MAX_DEPTH = 64


def check_directory(path: str | os.PathLike) -> None:
    """Refuses a ZIP file of many members before `zipfile` lists them all.

    Args:
        path: String or path.

    Raises:
        ValueError: Its directory is larger than that of `MAX_MEMBERS`.
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
    """Refuses an archive with other or larger members than Keras writes.

    Args:
        path: String or path of the archive.
        archive: The archive, open.

    Raises:
        ValueError: A name, the number or a size is none of a `MirrorModel`.
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


def count_weights(
    path: str | os.PathLike, archive: zipfile.ZipFile
) -> dict[str, int] | None:
    """The number of weights of each part; their values are not read.

    Args:
        path: String or path of the archive.
        archive: The archive, open.

    Returns:
        A dict of `"encoder"`, `"optimizer"` and `"training_only"`; `None`
        where the weights are missing or compressed, and would have to be
        unpacked whole.

    Raises:
        ValueError: More weights are declared than there are bytes.
        OSError: The weights are damaged.
    """
    info = archive.NameToInfo.get(WEIGHTS)
    if info is None or info.compress_type != zipfile.ZIP_STORED:
        return None
    with StoredMember(path, info) as file:
        return count_in_file(file, info.file_size)


def count_in_file(
    file: IO[bytes] | StoredMember, num_bytes: int
) -> dict[str, int]:
    """The number of weights in a file of Keras; see `count_weights`.

    Args:
        file: A binary file of HDF5.
        num_bytes: Integer, its size.
    """
    import h5py

    numbers = {"encoder": 0, "optimizer": 0, "training_only": 0}
    datasets = {"number": 0, "bytes": 0}

    def count(name: str, item) -> str | None:
        datasets["number"] += 1
        if datasets["number"] > MAX_DATASETS or name.count("/") > _MAX_DEPTH:
            return f"more than {MAX_DATASETS} groups, or too deep ones"
        if not isinstance(item, h5py.Dataset):
            return None
        part = name.partition("/")[0]
        numbers[part if part in numbers else "training_only"] += item.size
        datasets["bytes"] += item.size * item.dtype.itemsize
        if datasets["bytes"] > num_bytes:  # a fill value, or compressed
            return f"more weights than its {num_bytes} bytes hold"
        return None

    with h5py.File(file) as weights:
        excess = weights.visititems(count)
    if excess:
        raise ValueError(f"'{WEIGHTS}' has {excess}")
    return numbers


def _check_names(names: list[str]) -> None:
    known = {CONFIG, METADATA, WEIGHTS, ASSETS}
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
    name = member.filename
    most = MAX_JSON_BYTES if name.endswith(".json") else MAX_BYTES
    if name != WEIGHTS and member.file_size > most:
        raise ValueError(
            f"'{name}' must have at most {most} bytes. "
            f"Received: {member.file_size}"
        )
