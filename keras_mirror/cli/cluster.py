import time

import click

from keras_mirror.cli.command import Command
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import print_texts
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.console import write_table
from keras_mirror.cli.corpus import corpus_arguments
from keras_mirror.cli.corpus import named_corpus
from keras_mirror.cli.corpus import open_corpus
from keras_mirror.cli.facts import Fact
from keras_mirror.cli.files import check_output
from keras_mirror.cli.options import SEED
from keras_mirror.cli.options import check_cluster_options
from keras_mirror.cli.options import cluster_options
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.cli.sheet import Sheet
from keras_mirror.search.encoded_texts import EncodedTexts

NUM_SHOWN = 10
COLUMNS = ("id", "cluster", "words", "cosine", "text")
OUTLIER = 0  # the number that stands for no cluster


@click.command(cls=Command)
@corpus_arguments
@cluster_options
@click.option(
    "--output", type=click.Path(), help="Write assignments to this TSV file."
)
@click.option("--seed", type=SEED, default=0, help="Random seed.")
@result_options("json", "csv")
@overwrite_option
def cluster(
    encoder: str,
    texts: str | None,
    clusters: int | None,
    threshold: float | None,
    output: str | None,
    forms: ResultForms,
    seed: int,
    overwrite: bool,
    **options,
) -> None:
    """Sorts lines of TEXTS or of an INDEX into clusters by meaning.

    Finds how many there are, and which lines are outliers, unless --clusters
    or --threshold is given. Shows the largest clusters: words that tell them
    from the others, and the lines nearest to their centers. Writes one row per
    text: line number or id, cluster (1 = largest, 0 = none: an outlier), its
    words, cosine to the center, text (TAB-separated). Empty lines are left
    out.
    """
    start = time.monotonic()
    check_cluster_options(clusters, threshold)
    if output:
        check_output(output, overwrite)
    from keras_mirror.search.cluster import cluster_encoded
    from keras_mirror.search.cluster import outliers
    from keras_mirror.search.name_clusters import name_clusters

    with (
        open_corpus(encoder, texts, "Clustering", **options) as encoded,
        usage_errors(),
    ):
        made = cluster_encoded(encoded, clusters, threshold, seed)
        names = name_clusters(encoded.texts, made)
    rows: dict[str, object] = {
        "lines": len(encoded.texts),
        "clusters": len(made),
    }
    left = outliers(made, encoded.texts)
    if clusters is None and threshold is None:
        rows["outliers"] = len(left)
    table = _rows(made, names, left, encoded)
    if output:
        write_table(table, output, overwrite)
        rows["written"] = output
    shown = zip(made[:NUM_SHOWN], names, strict=False)
    for number, (each, name) in enumerate(shown, start=1):
        if not forms.take_screen:
            _show(number, each, name, encoded)
    if len(made) > NUM_SHOWN:
        more = len(made) - NUM_SHOWN
        where = f"in {output}" if output else "for --output FILE"
        rows["clusters"] = Fact(
            len(made), f"{len(made)}; {more} more than shown, {where}"
        )
    told = print_summary(rows, start)
    described = [
        _described(number, each, name, encoded)
        for number, (each, name) in enumerate(
            zip(made, names, strict=True), start=1
        )
    ]
    forms.write(Sheet(COLUMNS, table), {**told, "found": described})
    if texts is None:
        print_next("search", encoder, '"..."')
    else:
        named = named_corpus(encoder, texts, **options)
        print_next("index", *named, "--output", "texts.index")


def _show(number: int, members, name, encoded: EncodedTexts) -> None:
    words = f": {_words(name)}" if name.words else ""
    title = f"cluster {number}{words} ({len(members.rows):,} lines)"
    cosines = dict(zip(members.rows.tolist(), members[1], strict=True))
    print_texts(
        title,
        [
            (cosines[row], encoded.ids[row], encoded.texts[row])
            for row in name.rows
        ],
    )


def _described(
    number: int, members, name, encoded: EncodedTexts
) -> dict[str, object]:
    """A cluster for JSON: its words, its center, and all of its texts."""
    return {
        "cluster": number,
        "words": list(name.words),
        "nearest": [encoded.ids[row] for row in name.rows],
        "members": [encoded.ids[row] for row in members.rows],
    }


def _words(name) -> str:
    return ", ".join(name.words)


def _rows(
    made: list, names: list, left: list[int], encoded: EncodedTexts
) -> list[tuple]:
    rows: list[tuple] = [(row, OUTLIER, "", "") for row in left]
    rows += [
        (row, number, _words(name), round(float(cosine), 6))
        for number, (members, name) in enumerate(
            zip(made, names, strict=True), start=1
        )
        for row, cosine in zip(*members, strict=True)
    ]
    return [
        (encoded.ids[row], *rest, encoded.texts[row])
        for row, *rest in sorted(rows)
    ]
