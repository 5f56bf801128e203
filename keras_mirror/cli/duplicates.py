import time

import click

from keras_mirror.cli.console import echo_warnings
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import write_table
from keras_mirror.cli.corpus import corpus_arguments
from keras_mirror.cli.corpus import named_corpus
from keras_mirror.cli.corpus import open_corpus
from keras_mirror.cli.files import check_output
from keras_mirror.cli.options import overwrite_option
from keras_mirror.search.encoded_texts import EncodedTexts


@click.command()
@corpus_arguments
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
@overwrite_option
def duplicates(
    encoder: str,
    texts: str | None,
    threshold: float,
    limit: int,
    output: str | None,
    overwrite: bool,
    **options,
) -> None:
    """Finds lines of TEXTS, or of an INDEX, that mean nearly the same.

    Writes one row per pair, best first: cosine, the two line numbers or ids,
    the two lines (TAB-separated). Empty lines have no pairs.
    """
    start = time.monotonic()
    if output:
        check_output(output, overwrite)
    from keras_mirror.search.find_duplicates import find_encoded_duplicates

    with (
        echo_warnings(),
        open_corpus(encoder, texts, "Comparing", **options) as encoded,
    ):
        pairs = find_encoded_duplicates(encoded, threshold, limit)
    write_table((_row(pair, encoded) for pair in pairs), output, overwrite)
    rows = {"lines": len(encoded.texts), "pairs": len(pairs)}
    print_summary(rows | ({"written": output} if output else {}), start)
    named = named_corpus(encoder, texts, **options)
    print_next("cluster", *named, "--clusters", "20")


def _row(pair: tuple, encoded: EncodedTexts) -> tuple:
    cosine, *rows = pair
    ids = (encoded.ids[row] for row in rows)
    return f"{cosine:.4f}", *ids, *(encoded.texts[row] for row in rows)
