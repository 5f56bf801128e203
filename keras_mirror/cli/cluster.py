import time

import click

from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import print_texts
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.console import write_table
from keras_mirror.cli.corpus import corpus_arguments
from keras_mirror.cli.corpus import named_corpus
from keras_mirror.cli.corpus import open_corpus
from keras_mirror.cli.files import check_output
from keras_mirror.cli.options import SEED
from keras_mirror.cli.options import overwrite_option
from keras_mirror.search.encoded_texts import EncodedTexts

NUM_SHOWN = 10
NUM_EXAMPLES = 3


@click.command()
@corpus_arguments
@click.option("--clusters", type=click.IntRange(1), help="Number of clusters.")
@click.option(
    "--threshold",
    type=click.FloatRange(-1, 1),
    help="The smallest average cosine between the lines of a cluster.",
)
@click.option("--output", help="Write assignments to this TSV file.")
@click.option(
    "--seed", type=SEED, default=0, help="Random seed for --clusters."
)
@overwrite_option
def cluster(
    encoder: str,
    texts: str | None,
    clusters: int | None,
    threshold: float | None,
    output: str | None,
    seed: int,
    overwrite: bool,
    **options,
) -> None:
    """Sorts the lines of TEXTS, or of an INDEX, into clusters of like meaning.

    Shows the largest clusters, with the lines nearest to their centers. Writes
    one row per text: line number or id, cluster (1 = largest), cosine to the
    center, text (TAB-separated). Empty lines are left out.
    """
    start = time.monotonic()
    if (clusters is None) == (threshold is None):
        raise click.UsageError("give one of --clusters and --threshold")
    if output:
        check_output(output, overwrite)
    from keras_mirror.search.cluster import cluster_encoded

    with (
        open_corpus(encoder, texts, "Clustering", **options) as encoded,
        usage_errors(),
    ):
        made = cluster_encoded(encoded, clusters, threshold, seed)
    rows: dict[str, object] = {
        "lines": len(encoded.texts),
        "clusters": len(made),
    }
    if output:
        write_table(_rows(made, encoded), output, overwrite)
        rows["written"] = output
    for number, each in enumerate(made[:NUM_SHOWN], start=1):
        _show(number, each, encoded)
    print_summary(rows, start)
    if texts is None:
        print_next("search", encoder, '"..."')
    else:
        named = named_corpus(encoder, texts, **options)
        print_next("index", *named, "--output", "texts.index")


def _show(number: int, members, encoded: EncodedTexts) -> None:
    title = f"cluster {number}: {len(members.rows)} lines"
    examples: dict[str, tuple] = {}
    for row, cosine in zip(*members, strict=True):
        text = encoded.texts[row]
        examples.setdefault(text, (cosine, encoded.ids[row], text))
    print_texts(title, list(examples.values())[:NUM_EXAMPLES])


def _rows(made: list, encoded: EncodedTexts) -> list[tuple]:
    rows = sorted(
        (row, number, f"{cosine:.4f}")
        for number, members in enumerate(made, start=1)
        for row, cosine in zip(*members, strict=True)
    )
    return [
        (encoded.ids[row], *rest, encoded.texts[row]) for row, *rest in rows
    ]
