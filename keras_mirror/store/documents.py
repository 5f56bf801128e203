"""Documents: ids, texts and metadata, and the slots of their vectors."""

import hashlib
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import NamedTuple

import apsw

from keras_mirror.store.keywords import index_keywords
from keras_mirror.store.keywords import remove_keywords
from keras_mirror.store.where import Condition

_JOINED = "documents JOIN texts USING (slot)"
_NAMED_AT_MOST = 3
_EVERYTHING = Condition("TRUE", [])


class Document(NamedTuple):
    """A text with its id.

    Args:
        row: Integer, its place in the order of adding, from 0.
        id: String.
        text: String.
        metadata: String, JSON.
    """

    row: int
    id: str
    text: str
    metadata: str


class Documents:
    """The documents of a database.

    Args:
        connection: An `apsw.Connection` of `database`.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def slots_of_texts(self, texts: Iterable[str]) -> dict[str, int]:
        """The slots of those of `texts` that exist."""
        found = ((text, self._slot(text)) for text in dict.fromkeys(texts))
        return {text: slot for text, slot in found if slot is not None}

    def unknown(self, texts: Iterable[str]) -> list[str]:
        """Those of `texts` that have no vector yet and need one, each once."""
        different = dict.fromkeys(filter(str.strip, texts))
        known = self.slots_of_texts(different)
        return [text for text in different if text not in known]

    def known_ids(self, ids: Iterable[str]) -> set[str]:
        """Those of `ids` that documents have."""
        sql = "SELECT 1 FROM documents WHERE id = ?"
        return {each for each in ids if self._one(sql, each)}

    def texts_of_ids(self, ids: Iterable[str]) -> dict[str, str]:
        """The texts of those of `ids` that documents have."""
        sql = f"SELECT text FROM {_JOINED} WHERE id = ?"
        found = ((each, self._one(sql, each)) for each in ids)
        return {name: row[0] for name, row in found if row}

    def count(self, text: str) -> int:
        """How many documents have a text."""
        slot = self._slot(text)
        [(number,)] = self._connection.execute(
            "SELECT count(*) FROM documents WHERE slot = ?", (slot,)
        )
        return number

    def ids(self, condition: Condition) -> list[str]:
        """The ids of documents that meet a condition, in their order."""
        sql, parameters = condition
        return [
            name
            for (name,) in self._connection.execute(
                f"SELECT id FROM {_JOINED} WHERE {sql} ORDER BY row", parameters
            )
        ]

    def add_texts(self, texts: list[str], start: int) -> dict[str, int]:
        """Adds texts; those with vectors get slots from `start` on.

        Returns:
            A dict of the texts to their slots.
        """
        [(lowest,)] = self._connection.execute(
            "SELECT min(coalesce(min(slot), 0), 0) FROM texts"
        )
        numbers = iter(range(start, start + len(texts)))
        blank = iter(range(lowest - 1, lowest - 1 - len(texts), -1))
        rows = [
            (next(numbers if text.strip() else blank), _hash(text), text)
            for text in texts
        ]
        self._connection.executemany("INSERT INTO texts VALUES (?, ?, ?)", rows)
        slots = {text: slot for slot, _, text in rows}
        index_keywords(
            self._connection,
            [(slot, text) for text, slot in slots.items() if slot >= 0],
        )
        return slots

    def add(
        self, documents: Iterable[Document], slots: Mapping[str, int]
    ) -> None:
        """Adds documents whose ids are new, with the slots of their texts."""
        self._connection.executemany(
            "INSERT INTO documents VALUES (?, ?, ?, ?)",
            (
                (each.row, each.id, slots[each.text], each.metadata)
                for each in documents
            ),
        )

    def replace(
        self, documents: list[tuple[str, str, str]], slots: Mapping[str, int]
    ) -> None:
        """Replaces the texts and metadata of existing ids."""
        before = self._slots_of([name for name, _, _ in documents])
        self._connection.executemany(
            "UPDATE documents SET slot = ?, metadata = ? WHERE id = ?",
            (
                (slots[text], metadata, name)
                for name, text, metadata in documents
            ),
        )
        self._drop_unused(before)

    def remove(self, ids: list[str]) -> None:
        """Removes documents, and texts that no other document has."""
        slots = self._slots_of(ids)
        self._connection.executemany(
            "DELETE FROM documents WHERE id = ?", ((name,) for name in ids)
        )
        self._drop_unused(slots)

    def of_slot(
        self, slot: int, limit: int, condition: Condition | None = None
    ) -> list[Document]:
        """The first documents of a text, of those that meet a condition."""
        sql, parameters = condition or _EVERYTHING
        rows = self._connection.execute(
            f"SELECT row, id, text, metadata FROM {_JOINED} "
            f"WHERE slot = ? AND ({sql}) ORDER BY row LIMIT ?",
            [slot, *parameters, limit],
        )
        return [Document(*row) for row in rows]

    def slots(self, condition: Condition) -> list[int]:
        """The slots of documents that meet a condition, in their order."""
        sql, parameters = condition
        return [
            slot
            for (slot,) in self._connection.execute(
                f"SELECT DISTINCT slot FROM {_JOINED} "
                f"WHERE slot >= 0 AND ({sql}) ORDER BY slot",
                parameters,
            )
        ]

    def __iter__(self) -> Iterator[tuple[Document, int]]:
        """All documents in their order, and their slots."""
        rows = self._connection.execute(
            f"SELECT row, id, text, metadata, slot FROM {_JOINED} ORDER BY row"
        )
        for *fields, slot in rows:
            yield Document(*fields), slot

    def texts_of_slots(self, slots: Iterable[int]) -> list[str]:
        """The texts of slots, in their order; `""` for a removed one."""
        sql = "SELECT text FROM texts WHERE slot = ?"
        found = (self._one(sql, slot) for slot in slots)
        return [row[0] if row else "" for row in found]

    def removed_slots(self) -> list[int]:
        """The slots whose vectors no text has any more."""
        rows = self._connection.execute("SELECT slot FROM removed")
        return [slot for (slot,) in rows]

    def _slot(self, text: str) -> int | None:
        found = self._one("SELECT slot FROM texts WHERE hash = ?", _hash(text))
        return found[0] if found else None

    def _slots_of(self, ids: list[str]) -> set[int]:
        sql = "SELECT slot FROM documents WHERE id = ?"
        return {found[0] for each in ids if (found := self._one(sql, each))}

    def _drop_unused(self, slots: Iterable[int]) -> None:
        sql = "SELECT 1 FROM documents WHERE slot = ? LIMIT 1"
        unused = [(each,) for each in slots if not self._one(sql, each)]
        with_vector = [each for each in unused if each[0] >= 0]
        remove_keywords(self._connection, [slot for (slot,) in with_vector])
        many = self._connection.executemany
        many("DELETE FROM texts WHERE slot = ?", unused)
        many("INSERT INTO removed VALUES (?)", with_vector)

    def _one(self, sql: str, *parameters) -> tuple | None:
        return self._connection.execute(sql, parameters).fetchone()


def named(ids: Iterable[str]) -> str:
    """Some ids, for a message."""
    listed = list(ids)
    words = ", ".join(map(repr, listed[:_NAMED_AT_MOST]))
    more = len(listed) - _NAMED_AT_MOST
    return f"{words} and {more} more" if more > 0 else words


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
