"""Arguments and options that several commands have."""

import functools
import os
from collections.abc import Callable
from typing import Any

import click

from keras_mirror.cli.completion import complete_models
from keras_mirror.data.read_lines import check_encoding
from keras_mirror.forward.precision import PRECISIONS
from keras_mirror.integrations.load_model import ARCHIVE_SUFFIX
from keras_mirror.machine_errors import check_reachable
from keras_mirror.recipes import FIELDS
from keras_mirror.recipes import RECIPES
from keras_mirror.recipes import field_type
from keras_mirror.startup import BACKENDS


def check_model_name(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    """Finds out at once what can be neither a file nor a name."""
    if value is None:
        return None
    is_path = value.endswith(ARCHIVE_SUFFIX) or os.sep in value
    if is_path and "://" not in value and not os.path.exists(value):
        check_reachable(value)
        raise click.BadParameter(f"'{value}' does not exist")
    return value


# An archive, or whatever `from_preset` takes.
model_argument = click.argument(
    "encoder",
    metavar="MODEL",
    callback=check_model_name,
    shell_complete=complete_models,
)


class ExistingFile(click.Path):
    """The path of a file; one that cannot be reached is not just missing."""

    def __init__(
        self, allow_dash: bool = False, or_folder: bool = False
    ) -> None:
        super().__init__(
            exists=True,
            dir_okay=or_folder,
            readable=False,
            allow_dash=allow_dash,
        )

    def convert(self, value, parameter, context):
        check_reachable(value)
        return super().convert(value, parameter, context)


# `-` and pipes too; of several files `read_texts` checks them.
TEXT_FILE = ExistingFile(allow_dash=True)

prompt_option = click.option(
    "--prompt",
    help="Name of the model's prompt to put before texts, e.g. query.",
)

batch_size_option = click.option(
    "--batch-size",
    type=click.IntRange(1),
    help="Texts per encoder call, at full length. Default: 64, or what fits.",
)

precision_option = click.option(
    "--precision",
    type=click.Choice(("auto", *PRECISIONS)),
    default="auto",
    show_default=True,
    help="Arithmetic. auto: bfloat16 of many texts, where the processor has "
    "it and vectors stay within 0.005; float32 otherwise.",
)
overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace an existing output file."
)

resume_option = click.option(
    "--resume",
    is_flag=True,
    help="Continue where the same command was stopped; on one device.",
)

interactive_option = click.option(
    "--interactive", is_flag=True, help="Then ask for searches."
)


# What the generators of Keras and of scikit-learn take.
SEED = click.IntRange(0, 2**32 - 1)


def cluster_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--clusters` and `--threshold`, see `check_cluster_options`."""
    command = click.option(
        "--threshold",
        type=click.FloatRange(-1, 1),
        help="The smallest average cosine between the lines of a cluster.",
    )(command)
    return click.option(
        "--clusters",
        type=click.IntRange(1),
        help="Number of clusters; found if not given.",
    )(command)


def check_cluster_options(
    clusters: int | None, threshold: float | None
) -> None:
    """Raises `click.UsageError` where both of `cluster_options` are given."""
    if clusters is not None and threshold is not None:
        raise click.UsageError("give at most one of --clusters and --threshold")


center_option = click.option(
    "--center",
    is_flag=True,
    help="Subtract the mean of the vectors after training.",
)

whiten_option = click.option(
    "--whiten",
    is_flag=True,
    help="Whiten the vectors after training.",
)


dimensions_option = click.option(
    "--dimensions",
    type=click.IntRange(1),
    help="Reduce the vectors to this size after training, see `reduce`.",
)


html_option = click.option(
    "--html",
    "html_path",
    type=click.Path(),
    help="Write a report to this file.",
)


def text_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--column`, `--errors` and `--encoding`, see `read_texts`."""
    return click.option(
        "--column",
        help="Column of .jsonl, .parquet (default: text), .csv and .tsv files. "
        "Several, e.g. subject,body, are joined.",
    )(encoding_options(command))


def encoding_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--errors` and `--encoding`, see `read_lines`."""
    command = click.option(
        "--encoding",
        default="utf-8",
        show_default=True,
        callback=_known_encoding,
        help="Encoding of the texts, such as utf-16 or cp1252.",
    )(command)
    return click.option(
        "--errors",
        type=click.Choice(["strict", "replace"]),
        default="strict",
        show_default=True,
        help="What to do with bytes that are invalid in the encoding.",
    )(command)


def _known_encoding(
    context: click.Context, parameter: click.Parameter, value: str
) -> str:
    try:
        check_encoding(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return value


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


def recipe_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--recipe` and an option for every field of a recipe.

    The command gets `recipe`, a string, and `fields`, a dict of the fields
    that were given.
    """
    return click.option(
        "--recipe",
        type=click.Choice(list(RECIPES)),
        default="sentence",
        show_default=True,
        help="Settings for texts of this kind; paper_* are the paper's.",
    )(field_options(command))


def field_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds an option for every field of a recipe: `fields`, a dict."""

    @functools.wraps(command)
    def with_fields(**arguments: Any) -> Any:
        fields = {name: arguments.pop(name) for name in FIELDS}
        given = {name: v for name, v in fields.items() if v is not None}
        return command(fields=given, **arguments)

    for name, field in reversed(FIELDS.items()):
        option = "--" + name.replace("_", "-")
        with_fields = click.option(
            option, type=field_type(name), help=field.metadata["help"]
        )(with_fields)
    return with_fields
