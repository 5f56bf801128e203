import contextlib

import click

from keras_mirror.cli.console import backend_options
from keras_mirror.cli.console import start_keras
from keras_mirror.cli.console import status
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import overwrite_option
from keras_mirror.cli.models import open_archive
from keras_mirror.data import read_lines
from keras_mirror.files import atomic_output


@click.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False))
@click.argument("pairs", type=click.Path(exists=True, dir_okay=False))
@click.option("--output", help="File to write. Default: the screen.")
@overwrite_option
@backend_options
def similarity(archive, pairs, output, overwrite, backend, debug):
    """Scores PAIRS, lines of two texts with a TAB between them.

    Writes a line a pair: cosine TAB text TAB text.
    """
    if output:
        check_output(output, overwrite)
    rows = list(_read_pairs(pairs))

    start_keras(backend, debug)
    model = open_archive(archive)
    with status(f"Encoding {len(rows)} pairs"):
        cosines = _cosines(model, rows)
    with contextlib.ExitStack() as stack:
        file = None
        if output:
            path = stack.enter_context(atomic_output(output))
            file = stack.enter_context(open(path, "w", encoding="utf-8"))
        for cosine, (text_1, text_2) in zip(cosines, rows, strict=True):
            click.echo(f"{cosine:.4f}\t{text_1}\t{text_2}", file=file)


def _read_pairs(path):
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        texts = line.split("\t")
        if len(texts) < 2:
            raise ValueError(
                f"{path}, line {number} must be two texts with a TAB between "
                f"them. Received: {line[:80]!r}"
            )
        yield texts[0], texts[1]


def _cosines(model, rows):
    from keras_mirror.metrics.unit_length import pairwise_cosines

    texts_1, texts_2 = ([row[side] for row in rows] for side in (0, 1))
    return pairwise_cosines(
        model.encode_text(texts_1), model.encode_text(texts_2)
    )
