"""Keyword search: BM25 of SQLite's full-text search over different texts.

Scripts without spaces between words, such as Chinese and Thai, are indexed by
pairs of characters, as in most search engines.
"""

from collections.abc import Iterable

import apsw
import regex

# The words come from `_spaced`, so the table does not store texts.
TABLES = """
CREATE VIRTUAL TABLE keywords USING fts5(
    text, content = '', contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* Co'"
);
CREATE VIRTUAL TABLE words USING fts5vocab(keywords, row);
"""
_WORD = regex.compile(r"[\w\p{M}]+")
_WITHOUT_SPACES = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\u30fc\p{Thai}\p{Lao}\p{Khmer}"
    r"\p{Myanmar}]+"
)
_MAX_WORDS = 64  # the first words of a query: more take long and help little
# A word in more texts than this says little, and each of its texts takes time.
_MOST_TEXTS = 0.05
_ALWAYS_TEXTS = 1_000


def index_keywords(
    connection: apsw.Connection, texts: Iterable[tuple[int, str]]
) -> None:
    """Adds texts of new slots to the keyword index.

    Args:
        connection: An `apsw.Connection` of `database`.
        texts: Iterable of slots and texts.
    """
    connection.executemany(
        "INSERT INTO keywords (rowid, text) VALUES (?, ?)",
        ((slot, _spaced(text)) for slot, text in texts),
    )


def remove_keywords(connection: apsw.Connection, slots: Iterable[int]) -> None:
    """Removes texts from the keyword index."""
    connection.executemany(
        "DELETE FROM keywords WHERE rowid = ?", ((slot,) for slot in slots)
    )


def index_keywords_anew(connection: apsw.Connection) -> None:
    """Rebuilds the keyword index from the texts of all slots."""
    connection.execute("INSERT INTO keywords (keywords) VALUES ('delete-all')")
    index_keywords(
        connection,
        connection.execute("SELECT slot, text FROM texts WHERE slot >= 0"),
    )


def search_keywords(
    connection: apsw.Connection, query: str, limit: int
) -> list[tuple[int, float]]:
    """The texts that share the most informative words with a query.

    Args:
        connection: An `apsw.Connection` of `database`.
        query: String.
        limit: Integer, the maximum number of results.

    Returns:
        A list of slots and BM25 scores, best first. Texts without any word of
        the query are left out.
    """
    words = _WORD.findall(_spaced(query.lower()))
    words = list(dict.fromkeys(words))[:_MAX_WORDS]
    if not words:
        return []
    match = " OR ".join(map(_term, _telling(connection, words)))
    found = connection.execute(
        "SELECT rowid, -bm25(keywords) FROM keywords WHERE keywords MATCH ? "
        "ORDER BY rank, rowid LIMIT ?",
        (match, limit),
    )
    return [(slot, score) for slot, score in found]


def _telling(connection: apsw.Connection, words: list[str]) -> list[str]:
    """The words that are not too frequent; all words if all are."""
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


def _spaced(text: str) -> str:
    """A text with spaces around every two characters of some scripts."""
    return _WITHOUT_SPACES.sub(_pairs, text)


def _pairs(match: regex.Match) -> str:
    run = match[0]
    starts = range(max(1, len(run) - 1))
    return f" {' '.join(run[start : start + 2] for start in starts)} "


def _term(word: str) -> str:
    """The search term of a word; a single character finds all its pairs."""
    is_alone = len(word) == 1 and _WITHOUT_SPACES.match(word)
    return f'"{word}"*' if is_alone else f'"{word}"'
