import time

import click

from keras_mirror.cli.console import echo_warnings
from keras_mirror.cli.console import encoding_bar
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import write_table
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import list_texts
from keras_mirror.cli.files import named_texts
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
    help="The maximum number of pairs; the best ones are kept.",
)
@click.option("--output", help="File to write. Default: the screen.")
@batch_size_option
@prompt_option
@text_options
@overwrite_option
@backend_options
def duplicates(
    encoder: str,
    texts: str,
    threshold: float,
    limit: int,
    output: str | None,
    batch_size: int | None,
    prompt: str | None,
    column: str | None,
    errors: str,
    encoding: str,
    overwrite: bool,
    backend: str | None,
    debug: bool,
) -> None:
    """Finds lines of TEXTS that mean nearly the same.

    Writes one row per pair, best first: cosine, the two line numbers, the two
    lines (TAB-separated). Empty lines have no pairs.
    """
    start = time.monotonic()
    if output:
        check_output(output, overwrite)
    lines = list_texts(texts, column, errors, encoding)
    start_keras(backend, debug)
    from keras_mirror.search import find_duplicates

    model = open_model(encoder)
    with echo_warnings(), encoding_bar(lines, then="Comparing") as on_progress:
        pairs = find_duplicates(
            model,
            lines,
            threshold=threshold,
            limit=limit,
            batch_size=batch_size,
            on_progress=on_progress,
            prompt=prompt,
        )
    write_table((_row(pair, lines) for pair in pairs), output, overwrite)
    rows = {"lines": len(lines), "pairs": len(pairs)}
    print_summary(rows | ({"written": output} if output else {}), start)
    named = named_texts(texts, column, errors, encoding)
    print_next("cluster", encoder, *named, "--clusters", "20")


def _row(pair: tuple, lines: list[str]) -> tuple:
    cosine, *rows = pair
    numbers = (row + 1 for row in rows)
    return f"{cosine:.4f}", *numbers, *(lines[row] for row in rows)
