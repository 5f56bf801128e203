"""Keywords: BM25 of SQLite's full-text search over the different texts.

Texts of scripts that put no space between words, such as Chinese and Thai, are
searched by two characters at a time, as most search engines do.
"""

from collections.abc import Iterable

import apsw
import regex

# The words are what `_spaced` makes of a text, so the table keeps no text.
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
        "INSERT INTO keywords (rowid, text) VALUES (?, ?)",
        ((slot, _spaced(text)) for slot, text in texts),
    )


def remove_keywords(connection: apsw.Connection, slots: Iterable[int]) -> None:
    """Makes texts no longer findable."""
    connection.executemany(
        "DELETE FROM keywords WHERE rowid = ?", ((slot,) for slot in slots)
    )


def index_keywords_anew(connection: apsw.Connection) -> None:
    """Makes the texts of all slots findable, and nothing else."""
    connection.execute("INSERT INTO keywords (keywords) VALUES ('delete-all')")
    index_keywords(
        connection,
        connection.execute("SELECT slot, text FROM texts WHERE slot >= 0"),
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


def _spaced(text: str) -> str:
    """A text with spaces around every two characters of some scripts."""
    return _WITHOUT_SPACES.sub(_pairs, text)


def _pairs(match: regex.Match) -> str:
    run = match[0]
    starts = range(max(1, len(run) - 1))
    return f" {' '.join(run[start : start + 2] for start in starts)} "


def _term(word: str) -> str:
    """What finds a word: one character alone, the pairs that begin with it."""
    is_alone = len(word) == 1 and _WITHOUT_SPACES.match(word)
    return f'"{word}"*' if is_alone else f'"{word}"'
