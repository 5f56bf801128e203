import os
import time

import click

from keras_mirror.cli.console import backend_options
from keras_mirror.cli.console import batch_size_option
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import start_keras
from keras_mirror.cli.console import status
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import list_texts
from keras_mirror.cli.files import overwrite_option
from keras_mirror.cli.files import text_options
from keras_mirror.cli.models import open_archive
from keras_mirror.cli.screen import encoding_bar


@click.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False))
@click.argument("texts")
@click.option("--output", required=True, help="Index to write.")
@click.option(
    "--exact/--approximate",
    default=None,
    help="Whether to look at all vectors. Default: up to 100,000.",
)
@batch_size_option
@text_options
@overwrite_option
@backend_options
def index(
    archive,
    texts,
    output,
    exact,
    batch_size,
    column,
    errors,
    overwrite,
    backend,
    debug,
):
    """Makes an index of TEXTS, a text a line, for `keras-mirror search`.

    The index holds the lines, their vectors, and where ARCHIVE is.
    """
    start = time.monotonic()
    check_output(output, overwrite)
    lines = list_texts(texts, column, errors)
    start_keras(backend, debug)
    from keras_mirror.search import Index

    made = Index(open_archive(archive), exact)
    with encoding_bar(lines, then="Encoded") as progress:
        made.add(lines, batch_size, progress)
    with status("Saving"):
        made.save(output, overwrite, archive)
    rows = {
        "lines": len(lines),
        "empty": f"{sum(not line.strip() for line in lines)}, not searched",
        "index": f"{output}, {os.path.getsize(output) / 1e6:.1f} MB",
    }
    print_summary(rows, start)
