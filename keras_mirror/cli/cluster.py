import time

import click

from keras_mirror.cli.console import encoding_bar
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import print_texts
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.console import write_table
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import list_texts
from keras_mirror.cli.files import named_texts
from keras_mirror.cli.models import open_model
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.options import SEED
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import batch_size_option
from keras_mirror.cli.options import model_argument
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.options import prompt_option
from keras_mirror.cli.options import text_options

NUM_SHOWN = 10
NUM_EXAMPLES = 3


@click.command()
@model_argument
@click.argument("texts")
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
@batch_size_option
@prompt_option
@text_options
@overwrite_option
@backend_options
def cluster(
    encoder: str,
    texts: str,
    clusters: int | None,
    threshold: float | None,
    output: str | None,
    seed: int,
    batch_size: int | None,
    prompt: str | None,
    column: str | None,
    errors: str,
    encoding: str,
    overwrite: bool,
    backend: str | None,
    debug: bool,
) -> None:
    """Sorts the lines of TEXTS into clusters of similar meaning.

    Shows the largest clusters, with the lines nearest to their centers. Writes
    one row per input line: line number, cluster (1 = largest), cosine to the
    center, text (TAB-separated). Empty lines are left out.
    """
    start = time.monotonic()
    if (clusters is None) == (threshold is None):
        raise click.UsageError("give one of --clusters and --threshold")
    if output:
        check_output(output, overwrite)
    lines = list_texts(texts, column, errors, encoding)
    start_keras(backend, debug)
    from keras_mirror.search import cluster as make_clusters

    model = open_model(encoder)
    with encoding_bar(lines, then="Clustering") as on_progress, usage_errors():
        made = make_clusters(
            model,
            lines,
            num_clusters=clusters,
            threshold=threshold,
            seed=seed,
            batch_size=batch_size,
            on_progress=on_progress,
            prompt=prompt,
        )
    rows: dict[str, object] = {"lines": len(lines), "clusters": len(made)}
    if output:
        write_table(_rows(made, lines), output, overwrite)
        rows["written"] = output
    for number, each in enumerate(made[:NUM_SHOWN], start=1):
        _show(number, each, lines)
    print_summary(rows, start)
    named = named_texts(texts, column, errors, encoding)
    print_next("index", encoder, *named, "--output", "texts.index")


def _show(number: int, members, lines: list[str]) -> None:
    title = f"cluster {number}: {len(members.rows)} lines"
    examples: dict[str, tuple] = {}
    for row, cosine in zip(*members, strict=True):
        examples.setdefault(lines[row], (cosine, row + 1, lines[row]))
    print_texts(title, list(examples.values())[:NUM_EXAMPLES])


def _rows(made: list, lines: list[str]) -> list[tuple]:
    return sorted(
        (row + 1, number, f"{cosine:.4f}", lines[row])
        for number, members in enumerate(made, start=1)
        for row, cosine in zip(*members, strict=True)
    )
