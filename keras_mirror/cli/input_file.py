import click

from keras_mirror.cli.console import status
from keras_mirror.cli.console import wrong_use
from keras_mirror.texts import read_texts


def text_options(command):
    """Adds `--column` and `--errors`, see `keras_mirror.texts.read_texts`."""
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


def open_texts(*paths, column=None, errors="strict"):
    """`read_texts`; what is wrong before the first text exits with 2."""
    with wrong_use():
        return read_texts(*paths, column=column, errors=errors)


def list_texts(path, column, errors):
    """All texts of a file, as a list."""
    with status(f"Reading {path}"):
        return list(open_texts(path, column=column, errors=errors))
