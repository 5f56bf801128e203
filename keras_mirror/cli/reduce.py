import sys
import time

import click
import numpy as np

from keras_mirror.cli.command import Command
from keras_mirror.cli.console import encoding_bar
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_rows
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.facts import Fact
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import check_space
from keras_mirror.cli.files import list_texts
from keras_mirror.cli.files import named_texts
from keras_mirror.cli.models import open_model
from keras_mirror.cli.models import save_archive
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.models import weight_bytes
from keras_mirror.cli.options import TEXT_FILE
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import batch_size_option
from keras_mirror.cli.options import model_argument
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.options import text_options
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.unit_rows import unit_rows
from keras_mirror.vector_agreement import neighbors_kept

# One of so many texts is kept to measure what is lost.
SHARE = 10
# With so many, the overlap of neighbors is known to a hundredth.
MOST_KEPT = 2_000


@click.command(cls=Command)
@model_argument
@click.argument("texts", type=TEXT_FILE)
@click.option(
    "--dimensions",
    type=click.IntRange(1),
    default=128,
    show_default=True,
    help="Size of the new vectors.",
)
@click.option(
    "--output",
    type=click.Path(),
    required=True,
    help="Archive to write, *.keras.",
)
@text_options
@batch_size_option
@result_options("json")
@overwrite_option
@backend_options
def reduce(
    encoder: str,
    texts: str,
    dimensions: int,
    output: str,
    column: str | None,
    errors: str,
    encoding: str,
    batch_size: int | None,
    forms: ResultForms,
    overwrite: bool,
    backend: str | None,
    debug: bool,
) -> None:
    """Writes MODEL with shorter vectors, by PCA on the lines of TEXTS.

    Keeps the directions in which the vectors of TEXTS vary most, the strongest
    first. Up to 10,000 lines are used to find them. A tenth of the lines is
    held out to measure what is lost, which is printed and noted in the archive.
    """
    start = time.monotonic()
    check_output(output, overwrite, suffix=".keras")
    lines = list_texts(texts, column, errors, encoding)
    fitted, held_out = _split(lines, dimensions, texts)
    start_keras(backend, debug)
    from keras_mirror.encoder.replaced_end import sample_texts

    model = open_model(encoder)
    size = model.encoder.output_shape[-1]
    _check_dimensions(dimensions, size)
    fitted = sample_texts(fitted)
    check_space(output, weight_bytes(model))
    with encoding_bar([*fitted, *held_out], "Comparing") as on_progress:
        small = model.reduced(fitted, dimensions, batch_size, on_progress)
        before = unit_rows(model.encode_text(held_out, batch_size))
        on_progress(len(held_out))
        after = unit_rows(small.encode_text(held_out, batch_size))
    kept, change = neighbors_kept(before, after), _cosine_change(before, after)
    note = (
        f"reduced from {size} to {dimensions} dimensions by PCA on "
        f"{len(fitted):,} texts; of {len(held_out):,} other texts {kept:.1%} "
        f"of the ten nearest stay, cosines change by {change:.4f}"
    )
    small.record = small.record.with_notes(note)
    save_archive(small, output, overwrite)
    rows: dict[str, object] = {
        "vectors": f"{size} -> {dimensions} numbers",
        "bytes": f"{4 * size:,} -> {4 * dimensions:,} per text",
        "ten nearest": f"{kept:.1%} stay",
        "cosines": f"change by {change:.4f} on average",
    }
    if not forms.take_screen:
        print_rows(rows.items(), sys.stdout)
    facts: dict[str, object] = {
        "dimensions before": Fact(size),
        "dimensions": Fact(dimensions),
        "neighbors kept": Fact(float(kept)),
        "cosine change": Fact(change),
        "texts": Fact(
            len(fitted),
            f"{len(fitted):,}, and {len(held_out):,} to see what is lost",
        ),
        "held out": Fact(len(held_out)),
        "archive": output,
    }
    forms.write(content=print_summary(facts, start))
    named = named_texts(texts, column, errors, encoding)
    print_next("index", output, *named, "--output", "texts.index")


def _check_dimensions(dimensions: int, size: int) -> None:
    if dimensions > size:
        raise click.UsageError(
            f"--dimensions must be at most {size}, those of the model. "
            f"Received: --dimensions {dimensions}"
        )


def _split(
    lines: list[str], dimensions: int, path: str
) -> tuple[list[str], list[str]]:
    """The texts that show directions, and others that show what is lost."""
    different = list(dict.fromkeys(line for line in lines if line.strip()))
    needed = max(SHARE + 1, -(-dimensions * SHARE // (SHARE - 1)))
    if len(different) < needed:
        raise ValueError(
            f"TEXTS must hold at least {needed} different lines for "
            f"--dimensions {dimensions}. Received: {len(different)} in {path}"
        )
    held_out = different[::SHARE]
    del different[::SHARE]
    step = -(-len(held_out) // MOST_KEPT)
    return different, held_out[::step]


def _cosine_change(before, after) -> float:
    """The mean absolute difference, over all pairs of two texts."""
    changes = np.abs(before @ before.T - after @ after.T)
    np.fill_diagonal(changes, 0)
    return float(changes.sum() / (len(changes) * (len(changes) - 1)))
