"""What `export --format static` takes, shows and tells."""

import contextlib
import pathlib
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import click

from keras_mirror.cli.console import progress_bar
from keras_mirror.cli.facts import Fact
from keras_mirror.cli.files import open_texts
from keras_mirror.cli.options import TEXT_FILE
from keras_mirror.cli.options import text_options
from keras_mirror.files import read_json

FORMAT = "static"
_REPORT = "static.json"  # which `export_static` writes
_NAMES = ("corpus", "dimensions", "column", "errors", "encoding")


def static_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--corpus`, `--dimensions` and the options of reading texts.

    The command gets them as arguments for `static_arguments`.
    """
    command = click.option(
        "--dimensions",
        type=click.IntRange(1),
        help="Size of static vectors. Default: 256, or the model's if less.",
    )(text_options(command))
    return click.option(
        "--corpus",
        multiple=True,
        type=TEXT_FILE,
        metavar="TEXTS",
        help="Texts to fit static vectors to; can be given several times.",
    )(command)


def check_static_options(format_name: str) -> None:
    """Raises `click.UsageError` for options of static vectors beside others."""
    context = click.get_current_context()
    for name in _NAMES if format_name != FORMAT else ():
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise click.UsageError(
                f"--{name} is for --format {FORMAT}. "
                f"Received: --format {format_name}"
            )


@contextlib.contextmanager
def static_arguments(
    corpus: tuple[str, ...],
    dimensions: int | None,
    column: str | None,
    errors: str,
    encoding: str,
) -> Iterator[dict[str, Any]]:
    """Yields the arguments of `export_static`, and shows its steps."""
    arguments: dict[str, Any] = {}
    if dimensions is not None:
        arguments["dimensions"] = dimensions
    if corpus:
        arguments["texts"] = open_texts(
            *corpus, column=column, errors=errors, encoding=encoding
        )
    with contextlib.ExitStack() as shown:
        bar = progress_bar()
        tasks: dict[str, Any] = {}

        def on_progress(step: str, done: int, total: int) -> None:
            if not tasks:  # an error before leaves no empty line
                shown.enter_context(bar)
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total)
            bar.update(tasks[step], completed=done)

        yield {**arguments, "on_progress": on_progress}


def static_rows(folder: str) -> dict[str, Fact]:
    """What a summary says of static vectors that were written."""
    report = read_json(pathlib.Path(folder, _REPORT))
    rows = {
        "vectors": Fact(
            report["tokens"],
            f"{report['tokens']:,} tokens, {report['dimensions']} numbers each",
        ),
        "dimensions": Fact(report["dimensions"]),
    }
    if "texts" not in report:
        why = "not measured: no --corpus, so nothing was fitted"
        return {**rows, "kept": Fact(None, why)}
    rows["fitted to"] = Fact(report["texts"], f"{report['texts']:,} texts")
    why = f"not measured: only {report['held_out']} texts are left"
    if report["kept"]:
        why = (
            f"{report['kept']['neighbors']:.0%} of the ten nearest texts; "
            f"cosines correlate by {report['kept']['cosines']:.2f} "
            f"({report['held_out']:,} texts held out)"
        )
    return {**rows, "kept": Fact(report["kept"] or None, why)}
