import click

from keras_mirror.cli.command import Command
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import status
from keras_mirror.cli.console import write_table
from keras_mirror.cli.encoders import open_encoder
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import read_pairs
from keras_mirror.cli.options import TEXT_FILE
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import encoding_options
from keras_mirror.cli.options import model_argument
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.options import prompt_option
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.cli.sheet import Sheet

COLUMNS = ("cosine", "text_1", "text_2")


@click.command(cls=Command)
@model_argument
@click.argument("pairs", type=TEXT_FILE)
@prompt_option
@encoding_options
@click.option(
    "--output", type=click.Path(), help="File to write. Default: the screen."
)
@result_options("json", "csv")
@overwrite_option
@backend_options
def similarity(
    encoder: str,
    pairs: str,
    prompt: str | None,
    errors: str,
    encoding: str,
    output: str | None,
    forms: ResultForms,
    overwrite: bool,
    backend: str | None,
    debug: bool,
) -> None:
    """Scores PAIRS, lines of two texts with a TAB between them.

    Writes one row per pair: cosine, text, text (TAB-separated), or what
    --json or --csv asks for.
    """
    if output:
        check_output(output, overwrite)
    rows = list(read_pairs(pairs, errors, encoding))

    model = open_encoder(encoder, backend, debug)
    with status(f"Encoding {len(rows)} pairs"):
        cosines = _cosines(model, rows, prompt)
    scored = zip(cosines, rows, strict=True)
    cells = [(round(float(cosine), 6), *row) for cosine, row in scored]
    if output or not forms.paths:
        write_table(cells, output, overwrite)
    forms.write(Sheet(COLUMNS, cells))
    print_next("evaluate", encoder, "BENCHMARK")


def _cosines(model, rows: list[tuple[str, str]], prompt: str | None):
    from keras_mirror.unit_rows import pairwise_cosines

    sides = ([row[side] for row in rows] for side in (0, 1))
    return pairwise_cosines(
        *(model.encode_text(side, prompt=prompt) for side in sides)
    )
