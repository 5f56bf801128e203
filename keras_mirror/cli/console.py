import contextlib
import sys
import time
import warnings

import click
from rich.console import Console
from rich.progress import BarColumn
from rich.progress import MofNCompleteColumn
from rich.progress import Progress
from rich.progress import TextColumn
from rich.progress import TimeElapsedColumn
from rich.progress import TimeRemainingColumn

from keras_mirror import startup
from keras_mirror.startup import BACKENDS


def backend_options(command):
    """Adds `--backend` and `--debug`, which every command has."""
    command = click.option(
        "--debug",
        is_flag=True,
        help="Show tracebacks and what the frameworks print.",
    )(command)
    return click.option(
        "--backend",
        type=click.Choice(BACKENDS),
        help="Keras backend. Default: KERAS_BACKEND, or Keras's own default.",
    )(command)


batch_size_option = click.option(
    "--batch-size",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    help="Texts of full length at once.",
)


def console(file=None):
    """A plain screen; progress goes to errors, never into a pipe of results.

    Args:
        file: Defaults to `None`: `sys.stderr`.
    """
    return Console(file=file or sys.stderr, soft_wrap=True, highlight=False)


def print_error(message):
    """One line that says what went wrong."""
    click.echo(f"keras-mirror: error: {message}", err=True)


def print_summary(rows, start):
    """The end of a command: what was done, in how many seconds.

    Args:
        rows: Dict from a name to a value.
        start: Float, `time.monotonic()` when the command began.
    """
    seconds = time.monotonic() - start
    rows = {**rows, "seconds": f"{seconds:.1f}"}
    width = max(len(name) for name in rows)
    for name, value in rows.items():
        click.echo(f"{name:<{width}}  {value}", err=True)


def print_table(table):
    """A table of results, as wide as it is: a pipe must not cut numbers.

    Args:
        table: A `rich.table.Table`.
    """
    screen = console(sys.stdout)
    unlimited = screen.options.update(max_width=10_000)
    natural = screen.measure(table, options=unlimited).maximum
    screen.width = max(screen.width, natural)
    screen.print(table)


def start_keras(backend, debug):
    """Imports Keras and registers this package's classes, with a spinner.

    Args:
        backend: One of `BACKENDS`, or `None` for Keras's own choice.
        debug: Boolean. With it the frameworks may print.

    Returns:
        The module `keras`.
    """
    with usage_errors():
        backend = startup.choose_backend(backend, debug)
    with status("Starting Keras"):
        keras = startup.import_keras(backend)
        import keras_mirror.mirror_model  # noqa: F401  registers the classes
    return keras


def status(message):
    """A spinner for what takes seconds and has no steps."""
    return console().status(f"{message} ...")


def progress_bar():
    """A progress bar with counts and times."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console(),
    )


@contextlib.contextmanager
def usage_errors():
    """Makes the errors of bad values exit with 2, as those of bad options."""
    try:
        yield
    except (ValueError, FileNotFoundError) as error:
        raise click.UsageError(str(error)) from error


@contextlib.contextmanager
def echo_warnings():
    """Prints this package's own warnings as lines, and no others."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        if issubclass(warning.category, UserWarning):
            click.echo(f"keras-mirror: {warning.message}", err=True)
