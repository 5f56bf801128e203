import itertools
import os
import tempfile

import click

from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.data import read_texts


def text_options(command):
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


def open_texts(*paths, column=None, errors="strict"):
    """`read_texts`; what is wrong before the first text exits with 2."""
    with usage_errors():
        return read_texts(*paths, column=column, errors=errors)


def list_texts(path, column, errors):
    """All texts of a file, as a list."""
    with status(f"Reading {path}"):
        return list(open_texts(path, column=column, errors=errors))


def overwrite_option(command):
    """Adds `--overwrite`."""
    return click.option(
        "--overwrite", is_flag=True, help="Replace an existing output file."
    )(command)


def check_output(path, overwrite, suffix=None, option="--output"):
    """Finds out before the work starts whether its result can be written.

    Args:
        path: String.
        overwrite: Boolean, whether an existing file may be replaced.
        suffix: String that `path` must end with, or `None`.
        option: String, the option that `path` was given to.

    Raises:
        click.UsageError: `path` exists, is a folder, or ends otherwise.
        OSError: The folder of `path` cannot be written.
    """
    if suffix and not path.endswith(suffix):
        raise click.UsageError(
            f"{option} must end in {suffix}. Received: {path}"
        )
    if os.path.isdir(path):
        raise click.UsageError(f"{option} must be a file. '{path}' is a folder")
    if os.path.exists(path) and not overwrite:
        raise click.UsageError(
            f"'{path}' exists. Choose another {option}, or add --overwrite"
        )
    folder = os.path.dirname(path) or "."
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(
            f"'{path}' cannot be written: {error.strerror or error}"
        ) from error


def interrupted_path(path):
    """A new name beside `path`, for what is only half done.

    Args:
        path: String.

    Returns:
        A string, such as `"encoder.interrupted.keras"`, that is no file yet.
    """
    stem, suffix = os.path.splitext(path)
    names = itertools.chain([""], map("-{}".format, itertools.count(2)))
    paths = (f"{stem}.interrupted{name}{suffix}" for name in names)
    return next(path for path in paths if not os.path.exists(path))
