import importlib.util
import os
import time

import click

from keras_mirror.cli.archive import open_archive
from keras_mirror.cli.console import BACKENDS
from keras_mirror.cli.console import backend_options
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import status
from keras_mirror.cli.console import wrong_use
from keras_mirror.cli.export_output import check_export_output
from keras_mirror.cli.export_output import size_of
from keras_mirror.cli.export_output import write_export
from keras_mirror.cli.output_file import overwrite_option
from keras_mirror.cli.start import start_keras
from keras_mirror.export_backends import EXPORT_BACKENDS


@click.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--format",
    "format_name",
    type=click.Choice(list(EXPORT_BACKENDS)),
    default="sentence-transformers",
    show_default=True,
)
@click.option("--output", required=True, help="File or folder to write.")
@click.option(
    "--normalize/--no-normalize",
    default=None,
    help="Whether vectors get length 1. Default: in sentence-transformers "
    "only; saved_model has both.",
)
@click.option("--int8", is_flag=True, help="Store a weight in a byte.")
@overwrite_option
@backend_options
def export(
    archive, format_name, output, normalize, int8, overwrite, backend, debug
):
    """Writes ARCHIVE for another library.

    Folders of sentence-transformers, of OpenVINO, and SavedModels with the
    tokenizer in them; files of ONNX and LiteRT, with a model card beside; and
    `keras`, an archive without its optimizer. The backend is one that can
    write the format.
    """
    start = time.monotonic()
    output = os.path.normpath(output)
    options = _options(format_name, normalize, int8)
    check_export_output(output, format_name, overwrite)
    keras = start_keras(_choose_backend(format_name, backend), debug)
    model = open_archive(archive)
    with status(f"Writing {output}"), wrong_use():
        if int8:
            model.quantize("int8")
        write_export(model, output, format_name, options)
    rows = {
        "format": f"{format_name}, int8" if int8 else format_name,
        "backend": keras.backend.backend(),
        "written": f"{output}, {size_of(output) / 1e6:.1f} MB",
    }
    print_summary(rows, start)


def _options(format_name, normalize, int8):
    if int8 and format_name == "sentence-transformers":
        raise click.UsageError(
            "--int8 is not for sentence-transformers, whose weights are floats"
        )
    if normalize is None:
        return {}
    if format_name in ("keras", "saved_model"):
        raise click.UsageError(
            f"--normalize is not for {format_name}: an archive gives vectors "
            "as they are, a SavedModel has a signature for both"
        )
    return {"normalize": normalize}


def _choose_backend(format_name, backend):
    """The user's, or Keras's own where all can, or the first that can."""
    able = EXPORT_BACKENDS[format_name]
    if backend or len(able) == len(BACKENDS):
        return backend
    if os.environ.get("KERAS_BACKEND") in able:
        return os.environ["KERAS_BACKEND"]
    installed = [name for name in able if importlib.util.find_spec(name)]
    return installed[0] if installed else able[0]
