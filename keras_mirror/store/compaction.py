"""Frees the slots of removed texts."""

import apsw
import numpy as np

from keras_mirror.store.keywords import index_keywords_anew
from keras_mirror.store.settings import Settings
from keras_mirror.store.settings import forget_signs
from keras_mirror.store.vectors import FileVectors
from keras_mirror.store.vectors import MemoryVectors

# Up to this number, removed slots have no noticeable cost.
FEW_REMOVED = 1_000
_WRITTEN = 2**16  # vectors at a time
_FAR = 2**40  # an offset beyond all slots


def needs_compaction(settings: Settings, num_removed: int) -> bool:
    """Whether most slots belong to removed texts."""
    return num_removed > max(FEW_REMOVED, settings.num_vectors // 2)


def compact(
    connection: apsw.Connection,
    settings: Settings,
    embeddings,
    removed: list[int],
    vectors: FileVectors | MemoryVectors,
) -> None:
    """Renumbers the remaining slots, in a transaction.

    Args:
        connection: An `apsw.Connection` of `database`.
        settings: A `Settings`, whose counts are updated.
        embeddings: Float32 array of all slots.
        removed: List of integers, the slots of removed texts.
        vectors: The `FileVectors` or `MemoryVectors` that get the remaining
            vectors.
    """
    is_left = np.ones(len(embeddings), bool)
    is_left[removed] = False
    slots = np.flatnonzero(is_left)
    vectors.write(0, embeddings[:0])
    for start in range(0, len(slots), _WRITTEN):
        vectors.write(start, embeddings[slots[start : start + _WRITTEN]])
    _renumber(connection, slots.tolist())
    settings.num_vectors = len(slots)
    forget_signs(settings)


def _renumber(connection: apsw.Connection, slots: list[int]) -> None:
    connection.execute(
        "CREATE TEMP TABLE renumbered (old INTEGER PRIMARY KEY, new INTEGER)"
    )
    connection.executemany(
        "INSERT INTO renumbered VALUES (?, ?)",
        ((old, new) for new, old in enumerate(slots)),
    )
    new = "(SELECT new FROM renumbered WHERE old = slot)"
    connection.execute(
        f"UPDATE documents SET slot = {new} WHERE slot >= 0;"
        # In two steps, since no two texts may share a slot at any time.
        f"UPDATE texts SET slot = {_FAR} + {new} WHERE slot >= 0;"
        f"UPDATE texts SET slot = slot - {_FAR} WHERE slot >= {_FAR};"
        "DELETE FROM removed;"
        "DROP TABLE renumbered;"
    )
    index_keywords_anew(connection)
