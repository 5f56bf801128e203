import time

import click

from keras_mirror.cli.command import Command
from keras_mirror.cli.console import echo_warnings
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import usage_errors
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
from keras_mirror.optional import import_optional

_MODULES = (
    "openTSNE",
    "sklearn",
    "sknetwork",
    "plotly",
    "jinja2",
    "matplotlib",
)


@click.command("map", cls=Command)
@corpus_arguments
@click.option("--html", "html_path", help="Write a page to this file.")
@click.option(
    "--png", "png_path", type=click.Path(), help="Write a picture to this file."
)
@cluster_options
@click.option(
    "--seed", type=SEED, default=0, show_default=True, help="Random seed."
)
@result_options("json", "csv")
@overwrite_option
def map_texts(
    encoder: str,
    texts: str | None,
    html_path: str | None,
    png_path: str | None,
    clusters: int | None,
    threshold: float | None,
    seed: int,
    forms: ResultForms,
    overwrite: bool,
    **options,
) -> None:
    """Draws the lines of TEXTS, or of an INDEX, as points on a plane.

    Lines of similar meaning lie close together; clusters have colors and names.
    The page of --html works without network: it shows the line under the mouse
    and searches. It has the first 500 characters of each line. Empty lines are
    left out.
    """
    start = time.monotonic()
    check_cluster_options(clusters, threshold)
    _check_outputs(html_path, png_path, forms, overwrite)
    from keras_mirror.maps.page import write_page
    from keras_mirror.maps.picture import write_picture
    from keras_mirror.maps.text_map import make_map

    with (
        echo_warnings(),
        open_corpus(encoder, texts, "Drawing", **options) as encoded,
    ):
        with usage_errors():
            made = make_map(encoded, clusters, threshold, seed)
        if html_path:
            write_page(made, html_path, f"Map of {texts or encoder}", overwrite)
        if png_path:
            write_picture(made, png_path, overwrite)
    rows = {
        "lines": len(encoded.texts),
        "points": Fact(
            len(made.texts), f"{len(made.texts)}, one per different line"
        ),
        "clusters": len(made.names),
        "written": ", ".join(filter(None, (html_path, png_path, *forms.files))),
    }
    told = print_summary(rows, start)
    sheet = _points(made)
    forms.write(sheet, {**told, "points": sheet.as_records()})
    print_next("cluster", *named_corpus(encoder, texts, **options))


def _points(made) -> Sheet:
    """A row per text of the corpus: where it lies, in which cluster."""
    names = [*made.names, ""]
    rows = [
        (name, *map(float, position), names[number], text)
        for text, ids, position, number in zip(
            made.texts, made.ids, made.positions, made.numbers, strict=True
        )
        for name in ids
    ]
    return Sheet(("id", "x", "y", "cluster", "text"), rows)


def _check_outputs(
    html_path: str | None,
    png_path: str | None,
    forms: ResultForms,
    overwrite: bool,
) -> None:
    if not (html_path or png_path or forms.paths):
        raise click.UsageError("give --html, --png, --csv or --json")
    if html_path:
        check_output(html_path, overwrite, ".html", "--html")
    if png_path:
        check_output(png_path, overwrite, ".png", "--png")
    for module in _MODULES:
        import_optional(module, "map")
