"""Arguments and options that several commands have."""

from collections.abc import Callable
from typing import Any

import click

from keras_mirror.startup import BACKENDS

archive_argument = click.argument(
    "archive", type=click.Path(exists=True, dir_okay=False)
)

batch_size_option = click.option(
    "--batch-size",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    help="Texts per encoder call, at full length.",
)

overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace an existing output file."
)

interactive_option = click.option(
    "--interactive", is_flag=True, help="Then answer your searches."
)


def text_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--column` and `--errors`, see `keras_mirror.data.read_texts`."""
    command = click.option(
        "--errors",
        type=click.Choice(["strict", "replace"]),
        default="strict",
        show_default=True,
        help="What to do with bytes that are not UTF-8.",
    )(command)
    return click.option(
        "--column",
        help="Of .jsonl, .parquet (default: text), .csv and .tsv.",
    )(command)


def backend_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--backend` and `--debug`, which every command with Keras has."""
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
