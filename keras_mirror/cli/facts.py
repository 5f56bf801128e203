"""What a command tells at its end, for people and for programs."""

import math
import re
from typing import NamedTuple


class Fact(NamedTuple):
    """A value, and the words for it.

    Args:
        value: What JSON can hold, for programs.
        words: String for people. `None`: it is not shown to them.
    """

    value: object
    words: str | None = None


def words_of(rows: dict[str, object]) -> dict[str, object]:
    """Names and what people read.

    Example:

    >>> words_of({"empty": Fact(2, "2 dropped"), "planned": Fact(3)})
    {'empty': '2 dropped'}
    """
    told = {
        name: row.words if isinstance(row, Fact) else row
        for name, row in rows.items()
    }
    return {name: words for name, words in told.items() if words is not None}


def values_of(rows: dict[str, object]) -> dict[str, object]:
    """Names and what programs read; a number that is none is `None`.

    Example:

    >>> values_of({"last loss": Fact(float("nan"), "nan"), "steps": 3})
    {'last_loss': None, 'steps': 3}
    """
    return {_key(name): _value(row) for name, row in rows.items()}


def _key(name: str) -> str:
    return re.sub(r"\W+", "_", name.replace("'", "")).strip("_")


def _value(row: object) -> object:
    value = row.value if isinstance(row, Fact) else row
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
