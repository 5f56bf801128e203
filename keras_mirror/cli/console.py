"""What commands show and ask: results on the output, the rest on errors."""

import contextlib
import io
import json
import os
import shlex
import sys
import textwrap
import time
import warnings
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import TextIO

import click
from rich.console import Console
from rich.progress import BarColumn
from rich.progress import MofNCompleteColumn
from rich.progress import Progress
from rich.progress import TextColumn
from rich.progress import TimeElapsedColumn
from rich.progress import TimeRemainingColumn
from rich.status import Status
from rich.table import Table
from rich.text import Text

from keras_mirror.atomic_output import atomic_output
from keras_mirror.cli.facts import Fact
from keras_mirror.cli.facts import values_of
from keras_mirror.cli.facts import words_of
from keras_mirror.cli.printable import one_line
from keras_mirror.cli.printable import printable
from keras_mirror.cli.standard_streams import named_output

# === Results ===


def write_utf8() -> None:
    """Makes what is printed UTF-8, whatever the system's code page is."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def echo(text: object = "", err: bool = False, nl: bool = True) -> None:
    """`click.echo` for text of others, which cannot steer the terminal."""
    with contextlib.nullcontext() if err else named_output():
        click.echo(printable(str(text)), err=err, nl=nl)


def print_json(content: object, indent: int = 1) -> None:
    """A result as JSON, in which a terminal finds nothing to obey either."""
    echo(json.dumps(content, indent=indent, ensure_ascii=False))


def print_table(table: Table) -> None:
    """A table at its natural width: a pipe must not cut numbers."""
    screen = console(sys.stdout)
    screen.width = max(screen.width, _natural_width(table, screen))
    with named_output():
        screen.print(table)


def fits_screen(table: Table) -> bool:
    """Whether a table is shown whole; what is no screen has no width."""
    screen = console(sys.stdout)
    return (
        not _has_width(screen) or _natural_width(table, screen) <= screen.width
    )


def _natural_width(table: Table, screen: Console) -> int:
    unlimited = screen.options.update(max_width=10_000)
    return screen.measure(table, options=unlimited).maximum


def print_sections(
    sections: Mapping[str, Sequence[tuple[str, object]]], file: TextIO
) -> None:
    """Titles, and under each its names and values, all in one column."""
    shown = {title: rows for title, rows in sections.items() if rows}
    indent = 4 + max(len(name) for x in shown.values() for name, _ in x)
    for number, (title, rows) in enumerate(shown.items()):
        echo(f"\n{title}" if number else title, err=file is sys.stderr)
        print_rows([(f"  {name}", x) for name, x in rows], file, indent)


def print_rows(
    rows: Iterable[tuple[str, object]], file: TextIO, indent: int = 0
) -> None:
    """Names and values; long values wrap below themselves on a screen."""
    rows = list(rows)
    indent = max(indent, *(len(name) + 2 for name, _ in rows))
    screen = console(file)
    for name, value in rows:
        line = one_line(f"{name:<{indent}}{value}")
        if _has_width(screen):
            line = textwrap.fill(
                line,
                screen.width,
                subsequent_indent=" " * indent,
                break_long_words=False,  # a path can be copied
                break_on_hyphens=False,
            )
        echo(line, err=file is sys.stderr)


def _has_width(screen: Console) -> bool:
    """Whether lines end at an edge: a pipe and a file have none."""
    return screen.is_terminal or "COLUMNS" in os.environ


def print_texts(title: str, texts: Iterable[tuple]) -> None:
    """A title, and under it texts: tuples `(cosine, name, text)`."""
    echo(f"\n{one_line(title)}")
    for cosine, name, text in texts:
        echo(one_line(f"  {cosine:.2f}  {name}: {text}"))


def write_table(
    rows: Iterable[tuple], path: str | None = None, overwrite: bool = False
) -> None:
    """Writes rows with TABs between their columns, to a file or the screen.

    TABs and line breaks in a text become spaces: a row stays a line. Floats
    have four decimals.
    """
    lines = ("\t".join(map(_tab_cell, row)) for row in rows)
    if path:
        write_lines(lines, path, overwrite)
        return
    for line in lines:
        echo(line)


def _tab_cell(cell: object) -> str:
    return f"{cell:.4f}" if isinstance(cell, float) else one_line(str(cell))


def write_lines(lines: Iterable[str], path: str, overwrite: bool) -> None:
    """Writes lines to a file as they are, in UTF-8."""
    with atomic_output(path, overwrite=overwrite) as unfinished:
        # Half a character, which UTF-8 cannot hold, is written as JSON does.
        with open(
            unfinished, "w", encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.writelines(f"{line}\n" for line in lines)


# === Progress ===


def console(file: TextIO | None = None) -> Console:
    """A plain screen; progress goes to errors, never into a pipe of results."""
    return Console(file=file or sys.stderr, soft_wrap=True, highlight=False)


def status(message: str) -> Status:
    """A spinner for what takes seconds and has no steps."""
    return console().status(Text(f"{printable(one_line(message))} ..."))


def progress_bar() -> Progress:
    """A progress bar with counts and times."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console(),
    )


@contextlib.contextmanager
def encoding_bar(texts: list[str], then: str) -> Iterator[Callable]:
    """A progress bar for what encodes every different text once.

    Yields a function of the number of texts just encoded. `then` says what
    happens when all are encoded.
    """
    total = len({text for text in texts if text.strip()})
    with progress_bar() as bar:
        task = bar.add_task("Encoding", total=total)

        def on_progress(count: int) -> None:
            bar.update(task, advance=count)
            if bar.finished:
                bar.update(task, description=then)

        yield on_progress


def print_summary(rows: dict[str, object], start: float) -> dict[str, object]:
    """The end of a command: what was done, in how many seconds.

    Args:
        rows: Dict from names to values, or to `Fact`s.
        start: Float, `time.monotonic()` when the command began.

    Returns:
        A dict, the same as plain values for programs.
    """
    seconds = time.monotonic() - start
    rows = {**rows, "seconds": Fact(round(seconds, 3), f"{seconds:.1f}")}
    print_rows(words_of(rows).items(), sys.stderr)
    return values_of(rows)


def print_next(*command: str) -> None:
    """Names the command that one usually runs after this one."""
    words = " ".join(map(_quoted, command))
    echo(f"next: keras-mirror {words}", err=True)


def _quoted(word: str) -> str:
    return word if word == '"..."' else shlex.quote(word)


# === Questions and errors ===


def ask(question: str, answer: Callable[[str], None]) -> None:
    """Takes searches from the keyboard until an empty line or Ctrl-C."""
    echo(f"\n{question} An empty line ends.", err=True)
    with contextlib.suppress(click.Abort):  # Ctrl-C, or no more input
        while query := click.prompt("search", "", show_default=False, err=True):
            answer(query)


def print_error(message: str) -> None:
    """One line that says what went wrong."""
    echo(f"keras-mirror: error: {' '.join(message.split())}", err=True)


@contextlib.contextmanager
def usage_errors() -> Iterator[None]:
    """Makes the errors of bad values exit with 2, as those of bad options."""
    try:
        yield
    except (ValueError, FileNotFoundError) as error:
        raise click.UsageError(str(error)) from error


@contextlib.contextmanager
def echo_warnings() -> Iterator[None]:
    """Prints this package's own warnings as lines, each once, at once."""
    told = set()

    def show(message, category, *place, **more) -> None:
        line = f"keras-mirror: {message}"
        if issubclass(category, UserWarning) and line not in told:
            told.add(line)
            echo(line, err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        yield
