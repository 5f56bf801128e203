"""Conditions on metadata, parsed here so that no other SQL is run."""

import re
from typing import NamedTuple

# The types of columns: how values are compared.
NUMBER, TEXT = "number", "text"
_TOKENS = re.compile(
    r"""\s*(?:
    (?P<string>'(?:[^']|'')*')
    | (?P<name>"(?:[^"]|"")*")
    | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?!\w))
    | (?P<operator><=|>=|<>|!=|==|=|<|>)
    | (?P<mark>[(),])
    | (?P<word>\w+)
    )""",
    re.VERBOSE,
)
_KEYWORDS = {
    *("AND", "OR", "NOT", "IN", "LIKE", "BETWEEN", "IS", "NULL"),
    *("TRUE", "FALSE"),
}
_MAX_LENGTH = 10_000
_MAX_DEPTH = 50  # SQLite allows 1000
_EXAMPLE = "source = 'mail' AND date > '2026-01-01'"


class Condition(NamedTuple):
    """A condition in SQL.

    Args:
        sql: String, with a `?` for every parameter.
        parameters: List of strings and numbers.
    """

    sql: str
    parameters: list


def parse_where(where: str, columns: dict[str, str | None]) -> Condition:
    """Reads a condition such as `"source = 'mail' AND year >= 2026"`.

    Columns are compared with values by `=`, `!=`, `<`, `<=`, `>`, `>=`, `IN
    (...)`, `LIKE` and `BETWEEN ... AND ...`, each also after `NOT`, and with
    `IS NULL`; comparisons are joined by `AND`, `OR`, `NOT` and parentheses.
    Texts are in single quotes, names with spaces in double quotes.

    Args:
        where: String.
        columns: Dict of the names of columns, and whether one holds
            `"number"`s or `"text"`; `None` where it is empty so far.

    Returns:
        A `Condition`. Its SQL contains only keywords of `where`.

    Raises:
        ValueError: It is not such a condition, names an unknown column, or
            compares a number with a text.

    Example:

    >>> parse_where("year = 2026", {"year": "number"}).parameters
    ['$."year"', 2026]
    """
    return _Parser(where, columns).condition()


class _Parser:
    def __init__(self, where: str, columns: dict[str, str | None]) -> None:
        if not isinstance(where, str):
            raise TypeError(
                "`where` must be a string such as "
                f'"{_EXAMPLE}". Received: {type(where).__name__}'
            )
        self.where, self.columns = where, columns
        self.tokens = self._split()
        self.place = 0
        self.depth = 0
        self.parameters: list = []

    def condition(self) -> Condition:
        sql = self._any()
        if self.place < len(self.tokens):
            raise self._error("its end, AND or OR")
        return Condition(sql, self.parameters)

    def _split(self) -> list[tuple[str, str]]:
        if len(self.where) > _MAX_LENGTH:
            raise ValueError(
                f"`where` must have at most {_MAX_LENGTH} characters. "
                f"Received: {len(self.where)}"
            )
        tokens, place, end = [], 0, len(self.where.rstrip())
        while place < end:
            found = _TOKENS.match(self.where, place)
            if found is None or found.lastgroup is None:
                rest = self.where[place:].strip()
                raise ValueError(
                    "`where` must be a condition such as "
                    f'"{_EXAMPLE}". Received: {rest[:80]!r}, which is none '
                    "of its parts"
                )
            kind, text = found.lastgroup, found[found.lastgroup]
            if kind == "word" and text.upper() in _KEYWORDS:
                kind, text = "keyword", text.upper()
            tokens.append((kind, text))
            place = found.end()
        return tokens

    def _next(self) -> tuple[str, str]:
        has_more = self.place < len(self.tokens)
        return self.tokens[self.place] if has_more else ("", "")

    def _take(self, *texts: str) -> str:
        """The next token, if it is one of some keywords or marks; or ""."""
        kind, text = self._next()
        if kind not in ("keyword", "mark") or text not in texts:
            return ""
        self.place += 1
        return text

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._error(text)

    def _error(self, expected: str) -> ValueError:
        received = self._next()[1] or "its end"
        before = " ".join(text for _, text in self.tokens[: self.place])
        return ValueError(
            f"`where` must continue with {expected}"
            + (f" after {before[-80:]!r}" if before else "")
            + f". Received: {received[:80]}"
        )

    def _any(self) -> str:
        return self._joined("OR", self._all)

    def _all(self) -> str:
        return self._joined("AND", self._not)

    def _joined(self, word: str, part) -> str:
        parts = [part()]
        while self._take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else f"({f' {word} '.join(parts)})"

    def _not(self) -> str:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise ValueError(
                f"`where` must be nested at most {_MAX_DEPTH} times"
            )
        if self._take("NOT"):
            sql = f"(NOT {self._not()})"
        elif self._take("("):
            sql = self._any()
            self._expect(")")
        else:
            sql = self._comparison()
        self.depth -= 1
        return sql

    def _comparison(self) -> str:
        kind, text = self._next()
        if kind not in ("word", "name"):
            raise self._error("the name of a column")
        name = text[1:-1].replace('""', '"') if kind == "name" else text
        self.place += 1
        column, held = self._column(name)
        kind, operator = self._next()
        if kind == "operator":
            self.place += 1
            return f"{column} {operator} {self._value(name, held)}"
        if self._take("IS"):
            negation = "NOT " if self._take("NOT") else ""
            self._expect("NULL")
            return f"{column} IS {negation}NULL"
        negation = "NOT " if self._take("NOT") else ""
        if self._take("IN"):
            return f"{column} {negation}IN {self._list(name, held)}"
        if self._take("LIKE"):
            return f"{column} {negation}LIKE {self._value(name, TEXT)}"
        if self._take("BETWEEN"):
            low = self._value(name, held)
            self._expect("AND")
            return (
                f"{column} {negation}BETWEEN {low} AND "
                f"{self._value(name, held)}"
            )
        raise self._error("an operator such as =, IN, LIKE or IS NULL")

    def _column(self, name: str) -> tuple[str, str | None]:
        if name in self.columns:
            held = self.columns[name]
            self.parameters.append(json_path(name))
            value = "json_extract(documents.metadata, ?)"
            if held == NUMBER:
                return f"CAST(nullif({value}, '') AS NUMERIC)", held
            return f"CAST({value} AS TEXT)", held
        if name in ("id", "text"):
            table = "documents" if name == "id" else "texts"
            return f"{table}.{name}", TEXT
        known = ", ".join([*self.columns, "id", "text"])
        raise ValueError(
            f"`where` must name columns of the index: {known}. "
            f"Received: {name!r}"
        )

    def _list(self, name: str, held: str | None) -> str:
        self._expect("(")
        values = [self._value(name, held)]
        while self._take(","):
            values.append(self._value(name, held))
        self._expect(")")
        return f"({', '.join(values)})"

    def _value(self, name: str, held: str | None) -> str:
        kind, text = self._next()
        if kind == "string":
            value: str | int | float = text[1:-1].replace("''", "'")
        elif kind == "number":
            value = float(text) if set(text) & set(".eE") else int(text)
        elif text in ("TRUE", "FALSE"):
            value = int(text == "TRUE")
        else:
            raise self._error("a number, or a text in single quotes")
        is_text = isinstance(value, str)
        if held and is_text != (held == TEXT):
            raise ValueError(
                f"`where` must compare {name!r} with a {held}, the type of its "
                f"values. Received: {text[:80]}"
            )
        if isinstance(value, int) and abs(value) >= 2**63:
            value = float(value)
        self.place += 1
        self.parameters.append(value)
        return "?"


def json_path(name: str) -> str:
    """SQLite's path of a column in the JSON of metadata."""
    return f'$."{name}"'
