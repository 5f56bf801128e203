import time

import click

from keras_mirror.cli.console import backend_options
from keras_mirror.cli.console import batch_size_option
from keras_mirror.cli.console import echo_warnings
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import start_keras
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import list_texts
from keras_mirror.cli.files import overwrite_option
from keras_mirror.cli.files import text_options
from keras_mirror.cli.models import open_archive
from keras_mirror.cli.screen import encoding_bar
from keras_mirror.cli.screen import write_table


@click.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False))
@click.argument("texts")
@click.option(
    "--threshold",
    type=click.FloatRange(-1, 1),
    default=0.9,
    show_default=True,
    help="The smallest cosine of a pair.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100_000,
    show_default=True,
    help="The most pairs: the best ones are kept.",
)
@click.option("--output", help="File to write. Default: the screen.")
@batch_size_option
@text_options
@overwrite_option
@backend_options
def duplicates(
    archive,
    texts,
    threshold,
    limit,
    output,
    batch_size,
    column,
    errors,
    overwrite,
    backend,
    debug,
):
    """Finds lines of TEXTS that mean nearly the same.

    Writes a line a pair, best first: cosine TAB number of the line TAB number
    of the other line TAB line TAB other line. Empty lines have no pairs.
    """
    start = time.monotonic()
    if output:
        check_output(output, overwrite)
    lines = list_texts(texts, column, errors)
    start_keras(backend, debug)
    from keras_mirror.search import find_duplicates

    model = open_archive(archive)
    with echo_warnings(), encoding_bar(lines, then="Comparing") as progress:
        pairs = find_duplicates(
            model, lines, threshold, limit, batch_size, progress
        )
    write_table((_row(pair, lines) for pair in pairs), output)
    rows = {"lines": len(lines), "pairs": len(pairs)}
    print_summary(rows | ({"written": output} if output else {}), start)


def _row(pair, lines):
    cosine, *rows = pair
    numbers = (row + 1 for row in rows)
    return f"{cosine:.4f}", *numbers, *(lines[row] for row in rows)
