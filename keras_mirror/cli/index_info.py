"""What `keras-mirror info` shows of an index."""

import os
from typing import Any

from keras_mirror.store.index_folder import archive_of_index
from keras_mirror.store.index_folder import index_settings


def index_facts(path: str) -> dict[str, Any]:
    """What an index holds, as plain values, for JSON.

    Raises:
        ValueError: The index is damaged.
    """
    settings = index_settings(path)
    return {
        "texts": settings.num_documents,
        "embedding_dim": settings.embedding_dim,
        "metadata": list(settings.columns),
        "encoder": archive_of_index(path),
        "bytes": num_bytes(path),
    }


def index_rows(path: str, facts: dict[str, Any]) -> list[tuple[str, str]]:
    """The same as names and values, for people."""
    return [
        ("index", path),
        ("texts", f"{facts['texts']:,}"),
        ("numbers of a vector", str(facts["embedding_dim"])),
        ("metadata", ", ".join(facts["metadata"]) or "none"),
        ("encoder", facts["encoder"] or "not named"),
        ("size", f"{facts['bytes'] / 1e6:,.1f} MB"),
    ]


def num_bytes(path: str) -> int:
    """The bytes of an index: a folder, or the file of an older version."""
    if os.path.isfile(path):
        return os.path.getsize(path)
    with os.scandir(path) as entries:
        return sum(entry.stat().st_size for entry in entries)
