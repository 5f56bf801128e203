"""Blind pairs of search results in a terminal, judged with single keys."""

import textwrap
from collections.abc import Iterator
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from keras_mirror.cli.console import console
from keras_mirror.cli.printable import printable

# The arrow keys, as most terminals send them, choose a side too.
LEFT = ("l", "\x1b[D", "\x1bOD")
RIGHT = ("r", "\x1b[C", "\x1bOC")
EQUAL = ("e", " ")
STOP = ("q",)
_MAX_LENGTH = 200  # of a text on the screen
_KEYS = "left (l), right (r), no difference (e or Space), stop (q)?"


def ask_leads(pairs: list) -> Iterator[int]:
    """Shows pairs one by one and takes a key for each, until `q`.

    Args:
        pairs: List of `keras_mirror.evidence.judge.BlindPair`s.

    Yields:
        Integers: 1 where the first encoder was chosen, -1 where the second
        was, 0 where neither.
    """
    for number, pair in enumerate(pairs, start=1):
        _show(pair, f"{number} of {len(pairs)}")
        key = _key()
        if key in STOP:
            return
        if key in EQUAL:
            yield 0
        else:
            yield 1 if (key in LEFT) == pair.first_is_left else -1


def _show(pair: Any, place: str) -> None:
    table = Table(width=console().width, caption="dim: in both lists")
    table.add_column("left", ratio=1)
    table.add_column("right", ratio=1)
    for rank in range(max(len(pair.left), len(pair.right))):
        table.add_row(
            _result(pair.left, rank, pair.right),
            _result(pair.right, rank, pair.left),
            end_section=True,
        )
    screen = console()
    query = Text.assemble((f"\n{place}: ", "dim"), (_line(pair.query), "bold"))
    screen.print(query, table, sep="\n", soft_wrap=False)


def _result(texts: list[str], rank: int, others: list[str]) -> Text:
    """A text, dim where both encoders find it."""
    if rank >= len(texts):
        return Text()
    return Text(_line(texts[rank]), "dim" if texts[rank] in others else "")


def _line(text: str) -> str:
    """One short line, whose characters cannot steer the terminal."""
    return textwrap.shorten(printable(text), _MAX_LENGTH, placeholder=" …")


def _key() -> str:
    click.echo(_KEYS, nl=False, err=True)
    key = ""
    while key not in (*LEFT, *RIGHT, *EQUAL, *STOP):
        key = click.getchar()
        key = key.lower() if len(key) == 1 else key  # an arrow is several
    click.echo(err=True)
    return key
