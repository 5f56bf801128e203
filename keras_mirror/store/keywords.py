"""Keywords: BM25 of SQLite's full-text search over the different texts."""

import re
from collections.abc import Iterable

import apsw

TABLES = """
CREATE VIRTUAL TABLE keywords USING fts5(
    text, content = 'texts', content_rowid = 'slot',
    tokenize = "unicode61 remove_diacritics 2"
);
CREATE VIRTUAL TABLE words USING fts5vocab(keywords, row);
"""
_WORD = re.compile(r"\w+")
_MAX_WORDS = 64  # of a query, the first ones: more take long and tell little
# A word of more texts than this tells little, and each of its texts takes time.
_MOST_TEXTS = 0.05
_ALWAYS_TEXTS = 1_000


def index_keywords(
    connection: apsw.Connection, texts: Iterable[tuple[int, str]]
) -> None:
    """Makes texts of new slots findable.

    Args:
        connection: An `apsw.Connection` of `database`.
        texts: Iterable of slots and texts.
    """
    connection.executemany(
        "INSERT INTO keywords (rowid, text) VALUES (?, ?)", texts
    )


def remove_keywords(connection: apsw.Connection, slots: Iterable[int]) -> None:
    """Makes texts that are still in the table `texts` no longer findable."""
    connection.executemany(
        "INSERT INTO keywords (keywords, rowid, text) "
        "SELECT 'delete', slot, text FROM texts WHERE slot = ?",
        ((slot,) for slot in slots),
    )


def search_keywords(
    connection: apsw.Connection, query: str, limit: int
) -> list[tuple[int, float]]:
    """The texts that have the most telling words in common with a query.

    Args:
        connection: An `apsw.Connection` of `database`.
        query: String.
        limit: Integer, the most texts that are found.

    Returns:
        A list of slots and BM25 scores, best first. Texts without any word of
        the query are not in it.
    """
    words = list(dict.fromkeys(_WORD.findall(query.casefold())))[:_MAX_WORDS]
    if not words:
        return []
    match = " OR ".join(f'"{word}"' for word in _telling(connection, words))
    found = connection.execute(
        "SELECT rowid, -bm25(keywords) FROM keywords WHERE keywords MATCH ? "
        "ORDER BY rank, rowid LIMIT ?",
        (match, limit),
    )
    return [(slot, score) for slot, score in found]


def _telling(connection: apsw.Connection, words: list[str]) -> list[str]:
    """The words that not too many texts have; all, if all are like that."""
    [(number,)] = connection.execute("SELECT max(rowid) FROM texts")
    most = max(_ALWAYS_TEXTS, _MOST_TEXTS * (number or 0))
    marks = ", ".join("?" * len(words))
    frequent = {
        word
        for (word,) in connection.execute(
            f"SELECT term FROM words WHERE term IN ({marks}) AND doc > ?",
            [*words, most],
        )
    }
    return [word for word in words if word not in frequent] or words
