import time

import click

from keras_mirror.cli.console import backend_options
from keras_mirror.cli.console import batch_size_option
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import start_keras
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import list_texts
from keras_mirror.cli.files import overwrite_option
from keras_mirror.cli.files import text_options
from keras_mirror.cli.models import open_archive
from keras_mirror.cli.screen import encoding_bar
from keras_mirror.cli.screen import print_texts
from keras_mirror.cli.screen import write_table

NUM_SHOWN = 10
NUM_EXAMPLES = 3


@click.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False))
@click.argument("texts")
@click.option("--clusters", type=click.IntRange(1), help="Make so many.")
@click.option(
    "--threshold",
    type=click.FloatRange(-1, 1),
    help="The smallest average cosine between the lines of a cluster.",
)
@click.option("--output", help="File to write, *.tsv or what you like.")
@click.option("--seed", type=int, default=0, help="Of --clusters.")
@batch_size_option
@text_options
@overwrite_option
@backend_options
def cluster(
    archive,
    texts,
    clusters,
    threshold,
    output,
    seed,
    batch_size,
    column,
    errors,
    overwrite,
    backend,
    debug,
):
    """Sorts the lines of TEXTS into clusters of similar meaning.

    Shows the largest clusters, with the lines nearest to their centers.
    Writes a line a line of TEXTS, in their order: its number TAB number of
    the cluster, 1 for the largest TAB cosine with the center TAB line. Empty
    lines are left out.
    """
    start = time.monotonic()
    if (clusters is None) == (threshold is None):
        raise click.UsageError("give one of --clusters and --threshold")
    if output:
        check_output(output, overwrite)
    lines = list_texts(texts, column, errors)
    start_keras(backend, debug)
    from keras_mirror.search import cluster as make_clusters

    model = open_archive(archive)
    with encoding_bar(lines, then="Clustering") as progress, usage_errors():
        made = make_clusters(
            model, lines, clusters, threshold, seed, batch_size, progress
        )
    rows = {"lines": len(lines), "clusters": len(made)}
    if output:
        write_table(_rows(made, lines), output)
        rows["written"] = output
    for number, each in enumerate(made[:NUM_SHOWN], start=1):
        _show(number, each, lines)
    print_summary(rows, start)


def _show(number, members, lines):
    title = f"cluster {number}: {len(members.rows)} lines"
    examples = {}
    for row, cosine in zip(*members, strict=True):
        examples.setdefault(lines[row], (cosine, row + 1, lines[row]))
    print_texts(title, list(examples.values())[:NUM_EXAMPLES])


def _rows(made, lines):
    return sorted(
        (row + 1, number, f"{cosine:.4f}", lines[row])
        for number, members in enumerate(made, start=1)
        for row, cosine in zip(*members, strict=True)
    )
