"""The settings of an index: the encoder's fingerprint, files and counts."""

import dataclasses
import json
import math
from typing import Any

import apsw

FORMAT = "keras_mirror.search.Index"
VERSION = 3  # 1 is the ZIP file of `zip_index`
_GRAPH_VERSION = 2  # has a graph of neighbors instead of signs
_MAX_NUMBER = 2**40


@dataclasses.dataclass
class Settings:
    """Settings of an index.

    Args:
        embedding_dim: Integer.
        fingerprint: String, the fingerprint of the encoder; `None` while the
            index is empty.
        exact: See `keras_mirror.search.Index`.
        archive: String, the path of the encoder's archive or folder from the
            folder of the index, or `None`.
        preset: String, the name of the encoder's preset, or `None`.
        num_documents: Integer.
        num_vectors: Integer, the number of slots, including those of removed
            texts.
        next_row: Integer, the row of the next document.
        file_number: Integer, the number of the newest file. Names are not
            reused, since other processes may have mapped the old file.
        vectors: String, the name of the file of vectors.
        signs: String, the name of the file of signs, or `None`.
        num_signed: Integer, the number of first slots whose signs are known.
        num_centered: Integer, the number of slots when the center was computed.
        center: List of floats, see `sign_codes.center_of`; or `None`.
        columns: Dict, see `column_types`.
    """

    embedding_dim: int
    fingerprint: str | None = None
    exact: bool | None = None
    archive: str | None = None
    preset: str | None = None
    num_documents: int = 0
    num_vectors: int = 0
    next_row: int = 0
    file_number: int = 0
    vectors: str = "vectors.npy"
    signs: str | None = None
    num_signed: int = 0
    num_centered: int = 0
    center: list[float] | None = None
    columns: dict[str, str | None] = dataclasses.field(default_factory=dict)


def forget_signs(settings: Settings) -> None:
    """Settings of an index without signs."""
    settings.signs = settings.center = None
    settings.num_signed = settings.num_centered = 0


def write_settings(connection: apsw.Connection, settings: Settings) -> None:
    """Writes all settings into the database."""
    values = {
        "format": FORMAT,
        "version": VERSION,
        **dataclasses.asdict(settings),
    }
    connection.execute("DELETE FROM settings")  # also of older versions
    connection.executemany(
        "INSERT INTO settings VALUES (?, ?)",
        ((name, json.dumps(value)) for name, value in values.items()),
    )


def read_settings(connection: apsw.Connection) -> Settings:
    """Reads the settings of a database.

    Raises:
        ValueError: They are not settings of an index, or have another version.
    """
    rows = connection.execute("SELECT name, value FROM settings LIMIT 100")
    values = {name: json.loads(value) for name, value in rows}
    found = values.pop("format", None), values.pop("version", None)
    if found == (FORMAT, _GRAPH_VERSION):
        values = _without_graph(values)
    elif found != (FORMAT, VERSION):
        raise ValueError(
            f"format and version must be {(FORMAT, VERSION)}, not {found}"
        )
    if values.keys() != _CHECKS.keys():
        raise ValueError(f"its settings must be {sorted(_CHECKS)}")
    for name, is_valid in _CHECKS.items():
        if not is_valid(values[name]):
            raise ValueError(f"{name} must not be {str(values[name])[:80]!r}")
    return Settings(**values)


def _without_graph(values: dict[str, Any]) -> dict[str, Any]:
    """Converts settings of the previous version, which had no signs."""
    new = {"signs": None, "num_signed": 0, "num_centered": 0, "center": None}
    old = {"graph", "num_in_graph"}
    return new | {name: values[name] for name in values.keys() - old}


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < _MAX_NUMBER


def _is_text_or_none(value: Any) -> bool:
    return isinstance(value, str | None)


def _is_center(value: Any) -> bool:
    return value is None or (
        isinstance(value, list)
        and all(
            isinstance(number, float) and math.isfinite(number)
            for number in value
        )
    )


def _is_file_name(value: Any) -> bool:
    # The name of a file in the folder of the index, not elsewhere.
    return (
        isinstance(value, str)
        and value.replace("-", "").replace(".", "").isalnum()
    )


_CHECKS = {
    "embedding_dim": lambda value: _is_count(value) and 0 < value < 2**20,
    "fingerprint": _is_text_or_none,
    "exact": lambda value: isinstance(value, bool | None),
    "archive": _is_text_or_none,
    "preset": _is_text_or_none,
    "num_documents": _is_count,
    "num_vectors": _is_count,
    "next_row": _is_count,
    "file_number": _is_count,
    "vectors": _is_file_name,
    "signs": lambda value: value is None or _is_file_name(value),
    "num_signed": _is_count,
    "num_centered": _is_count,
    "center": _is_center,
    "columns": lambda value: (
        isinstance(value, dict)
        and set(value.values()) <= {"number", "text", None}
    ),
}
