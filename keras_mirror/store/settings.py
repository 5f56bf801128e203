"""The settings of an index: what tells its encoder apart, and its counts."""

import dataclasses
import json
from typing import Any

import apsw

FORMAT = "keras_mirror.search.Index"
VERSION = 2  # 1 is the ZIP file of `zip_index`
_MAX_NUMBER = 2**40


@dataclasses.dataclass
class Settings:
    """Settings of an index.

    Args:
        embedding_dim: Integer.
        fingerprint: String, of the encoder; `None` while nothing is in it.
        exact: See `keras_mirror.search.Index`.
        archive: String, the path of the encoder's archive or folder from the
            folder of the index, or `None`.
        preset: String, the name of the encoder's preset, or `None`.
        num_documents: Integer.
        num_vectors: Integer, of slots, also of removed texts.
        next_row: Integer, the row of the next document.
        file_number: Integer, that of the newest file: names do not come again,
            since other processes may have mapped what had them.
        vectors: String, the name of the file of vectors.
        graph: String, the name of the file of the graph, or `None`.
        num_in_graph: Integer, the slots that are in the graph: the first ones.
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
    graph: str | None = None
    num_in_graph: int = 0
    columns: dict[str, str | None] = dataclasses.field(default_factory=dict)


def write_settings(connection: apsw.Connection, settings: Settings) -> None:
    """Writes all settings into the database."""
    values = {
        "format": FORMAT,
        "version": VERSION,
        **dataclasses.asdict(settings),
    }
    connection.executemany(
        "INSERT OR REPLACE INTO settings VALUES (?, ?)",
        ((name, json.dumps(value)) for name, value in values.items()),
    )


def read_settings(connection: apsw.Connection) -> Settings:
    """Reads the settings of a database.

    Raises:
        ValueError: They are not those of an index, or of another version.
    """
    rows = connection.execute("SELECT name, value FROM settings LIMIT 100")
    values = {name: json.loads(value) for name, value in rows}
    found = values.pop("format", None), values.pop("version", None)
    if found != (FORMAT, VERSION):
        raise ValueError(
            f"format and version must be {(FORMAT, VERSION)}, not {found}"
        )
    if values.keys() != _CHECKS.keys():
        raise ValueError(f"its settings must be {sorted(_CHECKS)}")
    for name, is_valid in _CHECKS.items():
        if not is_valid(values[name]):
            raise ValueError(f"{name} must not be {str(values[name])[:80]!r}")
    return Settings(**values)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < _MAX_NUMBER


def _is_text_or_none(value: Any) -> bool:
    return isinstance(value, str | None)


def _is_file_name(value: Any) -> bool:
    # Of a file in the folder of the index, and of none elsewhere.
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
    "graph": lambda value: value is None or _is_file_name(value),
    "num_in_graph": _is_count,
    "columns": lambda value: (
        isinstance(value, dict)
        and set(value.values()) <= {"number", "text", None}
    ),
}
