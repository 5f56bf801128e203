import time

import click
from click.core import ParameterSource

from keras_mirror.bulk.encode_files import ENGINES
from keras_mirror.cli.console import backend_options
from keras_mirror.cli.console import batch_size_option
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.encode_array import encode_array
from keras_mirror.cli.encode_folder import check_folder
from keras_mirror.cli.encode_folder import encode_folder
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import overwrite_option
from keras_mirror.cli.files import text_options


@click.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False))
@click.argument("texts", nargs=-1, required=True)
@click.option(
    "--output",
    required=True,
    help="File *.npy, or folder for Parquet files of ids and vectors.",
)
@batch_size_option
@text_options
@click.option("--id-column", help="Of the folder. Default: path:row.")
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="local",
    show_default=True,
    help="Who encodes into a folder: this process, or Ray's workers.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Of Ray. Default: one a GPU or CPU.",
)
@click.option(
    "--rows-per-file",
    type=click.IntRange(1),
    default=10_000,
    show_default=True,
    help="Of the folder.",
)
@overwrite_option
@backend_options
def encode(
    archive,
    texts,
    output,
    batch_size,
    column,
    errors,
    overwrite,
    backend,
    debug,
    **of_folders,
):
    """Writes one vector a text of TEXTS, float32.

    Into one file: row i is line i of all files. Or into a folder of Parquet
    files, a row of id and vector a text: for any number of texts, on one
    machine or many. Stopped on the way, the same command goes on.
    """
    start = time.monotonic()
    reading = {"column": column, "errors": errors}
    if output.endswith(".npy"):
        _refuse(of_folders)
        check_output(output, overwrite)
        rows = encode_array(
            archive, texts, output, batch_size, backend, debug, **reading
        )
    else:
        check_folder(output, overwrite)
        rows = encode_folder(
            archive,
            texts,
            output,
            batch_size,
            backend,
            debug,
            **reading,
            **of_folders,
        )
    print_summary(rows, start)


def _refuse(of_folders):
    context = click.get_current_context()
    for name in of_folders:
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise click.UsageError(
                f"--{name.replace('_', '-')} is for folders. Received: "
                "--output *.npy"
            )
