"""Conditions on metadata, compared with what Python says of the same rows."""

import json

import apsw
import pytest

from keras_mirror.store.metadata import column_types
from keras_mirror.store.metadata import metadata_json
from keras_mirror.store.where import parse_where

ROWS = [
    {"source": "mail", "year": 2024, "zip": "007", "a b": "x"},
    {"source": "web", "year": 2025, "zip": "1.10", "open": True},
    {"source": "o'neill", "year": 9, "zip": "1.1", "open": False},
    {"source": "Mail", "year": "2026", "zip": "", "date": "2026-01-02"},
    {"source": None, "year": "", "date": "2025-12-31"},
    {"source": "50%", "year": 2024.5},
]
COLUMNS = column_types({}, ROWS)


@pytest.fixture(scope="module")
def database():
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE documents (id TEXT, metadata TEXT)")
    connection.execute("CREATE TABLE texts (text TEXT)")
    rows = ((str(n), metadata_json(row)) for n, row in enumerate(ROWS))
    connection.executemany("INSERT INTO documents VALUES (?, ?)", rows)
    return connection


def found(database, where):
    sql, parameters = parse_where(where, COLUMNS)
    rows = database.execute(f"SELECT id FROM documents WHERE {sql}", parameters)
    return [int(name) for (name,) in rows]


@pytest.mark.parametrize(
    "where, expected",
    [
        ("source = 'mail'", [0]),
        ("source == 'mail' or source='web'", [0, 1]),
        ("source <> 'mail'", [1, 2, 3, 5]),  # of NULL, SQL does not say
        ("source = 'o''neill'", [2]),
        ("source LIKE 'mail'", [0, 3]),
        ("source like 'o%'", [2]),
        ("source NOT LIKE '%l'", [1, 5]),
        ("source in ('web', 'mail')", [0, 1]),
        ("source NOT IN ('web', 'mail')", [2, 3, 5]),
        ("source is null", [4]),
        ("source IS NOT NULL AND year < 2025", [0, 2, 5]),
        ("year > 2024", [1, 3, 5]),
        ("year >= 2.024e3 AND NOT year = 2025", [0, 3, 5]),
        ("year between 2024 and 2025", [0, 1, 5]),
        ("NOT year BETWEEN 2024 AND 2025", [2, 3]),
        ("year = -1", []),
        ("year < 99999999999999999999", [0, 1, 2, 3, 5]),
        ("zip = '007'", [0]),
        ("zip = '1.1'", [2]),
        ("date > '2026-01-01'", [3]),
        ("date >= '2025-12-31' and date <= '2026-01-02'", [3, 4]),
        ("open = TRUE", [1]),
        ("open = false", [2]),
        ("\"a b\" = 'x'", [0]),
        ("id = '3'", [3]),
        ("(year = 9 OR year = 2025) AND source = 'web'", [1]),
        ("year = 9 OR year = 2025 AND source = 'web'", [1, 2]),
        ("NOT (source = 'mail' OR source = 'web')", [2, 3, 5]),
    ],
)
def test_conditions(database, where, expected):
    assert found(database, where) == expected


@pytest.mark.parametrize(
    "where, words",
    [
        ("", "the name of a column. Received: its end"),
        ("source", "an operator such as =, IN, LIKE or IS NULL after 'source'"),
        ("source =", "a number, or a text in single quotes after"),
        ("source = mail", "single quotes after 'source ='. Received: mail"),
        ("source = 'mail", r"Received: \"'mail\", which is none of its parts"),
        ("colour = 'x'", "source, year, .*, id, text. Received: 'colour'"),
        ("year = '2024'", "compare 'year' with a number, .* Received: '2024'"),
        ("source > 5", "compare 'source' with a text, the type of"),
        ("zip IN ('1', 2)", "compare 'zip' with a text"),
        ("source = 'a' source = 'b'", "its end, AND or OR after"),
        ("(source = 'a'", r"must continue with \) after"),
        ("source IN ()", "single quotes after"),
        ("source BETWEEN 'a'", "must continue with AND"),
        ("source NOT 'a'", "an operator such as"),
        ("year = year", "a number, or a text"),
        ("NOT " * 60 + "year = 1", "nested at most 50 times"),
        ("(" * 60 + "year = 1", "nested at most 50 times"),
        ("year = 1 OR " * 2000 + "year = 1", "at most 10000 characters"),
        ("source = 'a'; DROP TABLE documents", "none of its parts"),
        ("source = 'a' -- all", "none of its parts"),
        ("source = 'a') UNION SELECT id FROM documents", "AND or OR after"),
        ("1 = 1", "the name of a column. Received: 1"),
        ("load_extension('x') = 1", "Received: 'load_extension'"),
        (
            "source = (SELECT 1)",
            r"single quotes after 'source ='. Received: \(",
        ),
        ("id IN (SELECT id FROM documents)", "Received: SELECT"),
        ("source LIKE 'a' ESCAPE 'b'", "AND or OR after"),
        ('source = "mail"', "single quotes after"),
        ("source = 'a' \0", "none of its parts"),
    ],
)
def test_what_is_no_condition(where, words):
    with pytest.raises(ValueError, match=words):
        parse_where(where, COLUMNS)


def test_what_is_no_string():
    with pytest.raises(TypeError, match="`where` must be a string such as"):
        parse_where({"source": "mail"}, COLUMNS)


def test_types_of_columns():
    assert COLUMNS == {
        "source": "text",
        "year": "number",
        "zip": "text",
        "a b": "text",
        "open": "number",
        "date": "text",
    }
    types = column_types({}, [{"n": "", "m": "-3.5"}])
    assert types == {"n": None, "m": "number"}
    assert column_types(types, [{"n": "x", "m": "4"}]) == {
        "n": "text",
        "m": "number",
    }
    for text in ("007", "+1", "1e5", "1.", ".5", "1.50", "-0", "٣", "9" * 16):
        assert column_types({}, [{"n": text}]) == {"n": "text"}, text


def test_json_of_metadata():
    import numpy as np

    metadata = {"a": np.int64(3), "b": None, "c": True, "d": "é", "e": 1.5}
    assert json.loads(metadata_json(metadata)) == metadata
    for name in ("", " ", 'a"b', 3):
        with pytest.raises(ValueError, match="names of metadata must be"):
            metadata_json({name: 1})
    with pytest.raises(ValueError, match="must be finite. Received: nan"):
        metadata_json({"a": float("nan")})
