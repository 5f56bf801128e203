import os
import time

import click

from keras_mirror.cli.console import encoding_bar
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import status
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import check_space
from keras_mirror.cli.files import list_texts
from keras_mirror.cli.models import open_model
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import batch_size_option
from keras_mirror.cli.options import model_argument
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.options import prompt_option
from keras_mirror.cli.options import text_options


@click.command()
@model_argument
@click.argument("texts")
@click.option("--output", required=True, help="Index to write.")
@click.option(
    "--exact/--approximate",
    default=None,
    help="Whether to compare with all vectors. Default: up to 100,000.",
)
@batch_size_option
@prompt_option
@text_options
@overwrite_option
@backend_options
def index(
    encoder: str,
    texts: str,
    output: str,
    exact: bool | None,
    batch_size: int | None,
    prompt: str | None,
    column: str | None,
    errors: str,
    encoding: str,
    overwrite: bool,
    backend: str | None,
    debug: bool,
) -> None:
    """Makes an index of the lines of TEXTS for `keras-mirror search`.

    MODEL is an archive, the name of a preset, or a folder of one. The index
    holds the lines, their vectors, and where MODEL is.
    """
    start = time.monotonic()
    check_output(output, overwrite)
    lines = list_texts(texts, column, errors, encoding)
    start_keras(backend, debug)
    from keras_mirror.search import Index

    model = open_model(encoder)
    check_space(output, _num_bytes(lines, model.encoder.output_shape[-1]))
    made = Index(model, exact)
    with encoding_bar(lines, then="Encoded") as on_progress:
        made.add(lines, batch_size, on_progress, prompt)
    with status("Saving"):
        made.save(output, overwrite, encoder)
    rows = {
        "lines": len(lines),
        "empty": f"{sum(not line.strip() for line in lines)}, not searched",
        "index": f"{output}, {os.path.getsize(output) / 1e6:.1f} MB",
    }
    print_summary(rows, start)
    print_next("search", output, '"..."')


def _num_bytes(lines: list[str], embedding_dim: int) -> int:
    """The bytes of an index without its graph."""
    num_different = len({line for line in lines if line.strip()})
    return sum(map(len, lines)) + 4 * num_different * embedding_dim
