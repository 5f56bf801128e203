import contextlib
import importlib.util
import os
import time
from collections.abc import Iterator
from typing import Any

import click

from keras_mirror.atomic_output import atomic_output
from keras_mirror.cli.command import Command
from keras_mirror.cli.completion import complete_models
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.export_index import export_index
from keras_mirror.cli.export_static import FORMAT as STATIC
from keras_mirror.cli.export_static import check_static_options
from keras_mirror.cli.export_static import static_arguments
from keras_mirror.cli.export_static import static_options
from keras_mirror.cli.export_static import static_rows
from keras_mirror.cli.facts import Fact
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import check_unused
from keras_mirror.cli.files import claim_output
from keras_mirror.cli.models import open_model
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import check_model_name
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.export.backends import EXPORT_BACKENDS
from keras_mirror.startup import BACKENDS
from keras_mirror.store.arrow import SUFFIXES as TABLE_SUFFIXES
from keras_mirror.store.index_folder import is_index

DEFAULT_FORMAT = "sentence-transformers"
# Formats of one file, and how its name must end.
SUFFIXES = {"keras": ".keras", "onnx": ".onnx", "litert": ".tflite"}
# Formats of a folder, and a file that tells that it is one: only such a folder
# is replaced.
MARKERS = {
    "sentence-transformers": "modules.json",
    "openvino": "model.xml",
    "saved_model": "saved_model.pb",
    STATIC: "static.json",
}
TAKES_TOKEN_IDS = ("onnx", "openvino", "litert")


@click.command(cls=Command)
@click.argument(
    "encoder",
    metavar="MODEL|INDEX",
    shell_complete=complete_models,
    callback=check_model_name,
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice([*EXPORT_BACKENDS, *TABLE_SUFFIXES]),
    help=f"Default: {DEFAULT_FORMAT}; parquet for an INDEX.",
)
@click.option(
    "--output",
    type=click.Path(),
    required=True,
    help="File or folder to write.",
)
@click.option(
    "--normalize/--no-normalize",
    default=None,
    help="Whether to scale vectors to length 1. Default: only for "
    "sentence-transformers and static; saved_model has both.",
)
@click.option("--int8", is_flag=True, help="Store weights as int8.")
@static_options
@result_options("json")
@overwrite_option
@backend_options
def export(
    encoder: str,
    format_name: str | None,
    output: str,
    normalize: bool | None,
    int8: bool,
    forms: ResultForms,
    overwrite: bool,
    backend: str | None,
    debug: bool,
    **static: Any,
) -> None:
    """Writes a MODEL or an INDEX in the format of another library.

    Writes folders for sentence-transformers and OpenVINO, SavedModels that
    contain the tokenizer, ONNX and LiteRT files with a model card beside them,
    and `keras`, an archive without its optimizer. Picks a backend that can
    write the format.

    `static` stores one vector per token, for machines where no transformer
    fits; NumPy alone or model2vec loads it. It loses far less if it is fitted
    to a --corpus that resembles the texts to be encoded.

    Writes the ids, texts, metadata and vectors of an INDEX as a Parquet or
    Arrow file, which DuckDB, LanceDB, pandas and others read.
    """
    start = time.monotonic()
    output = os.path.normpath(output)
    if is_index(encoder):
        check_static_options(format_name or "parquet")
        _check_index_options(normalize, int8, backend)
        told = export_index(
            encoder, format_name or "parquet", output, overwrite
        )
        forms.write(content=told)
        return
    format_name = format_name or DEFAULT_FORMAT
    if format_name in TABLE_SUFFIXES:
        raise click.UsageError(
            f"--format {format_name} is for an INDEX. Received: '{encoder}'"
        )
    check_static_options(format_name)
    options = _options(format_name, normalize, int8)
    _check_output(output, format_name, overwrite)
    keras = start_keras(_choose_backend(format_name, backend), debug)
    model = open_model(encoder)
    with _shown(format_name, output, static) as more, usage_errors():
        if int8 and format_name != STATIC:
            model.quantize("int8")
        with atomic_output(
            output, replace_folder=True, overwrite=overwrite
        ) as unfinished:
            model.export(unfinished, format_name, **options, **more)
    size = _size_of(output)
    rows: dict[str, object] = {
        "format": f"{format_name}, int8" if int8 else format_name,
        "backend": keras.backend.backend(),
        "written": Fact(output, f"{output}, {size / 1e6:.1f} MB"),
        "bytes": Fact(size),
    }
    if format_name == STATIC:
        rows |= static_rows(output)
    if format_name in TAKES_TOKEN_IDS:
        rows["tokenizer"] = "in an export without --format"
    forms.write(content=print_summary(rows, start))
    if format_name in ("keras", "sentence-transformers"):
        print_next("info", output)


@contextlib.contextmanager
def _shown(
    format_name: str, output: str, static: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Shows what happens, and yields the arguments of static vectors."""
    if format_name == STATIC:
        with static_arguments(**static) as arguments:
            yield arguments
        return
    with status(f"Writing {output}"):
        yield {}


def _check_index_options(
    normalize: bool | None, int8: bool, backend: str | None
) -> None:
    given = {
        "--normalize": normalize is not None,
        "--int8": int8,
        "--backend": backend is not None,
    }
    for name, is_given in given.items():
        if is_given:
            raise click.UsageError(f"{name} is for a MODEL, not for an index")


def _options(
    format_name: str, normalize: bool | None, int8: bool
) -> dict[str, bool]:
    stored = {"int8": True} if int8 and format_name == STATIC else {}
    if int8 and format_name == "sentence-transformers":
        raise click.UsageError(
            "--int8 is not for sentence-transformers, whose weights are floats"
        )
    if normalize is None:
        return stored
    if format_name in ("keras", "saved_model"):
        raise click.UsageError(
            f"--normalize is not for {format_name}: an archive gives vectors "
            "as they are, a SavedModel has a signature for both"
        )
    return {"normalize": normalize, **stored}


def _choose_backend(format_name: str, backend: str | None) -> str | None:
    """The user's, or Keras's own where all can, or the first that can."""
    able = EXPORT_BACKENDS[format_name]
    if backend or len(able) == len(BACKENDS):
        return backend
    if os.environ.get("KERAS_BACKEND") in able:
        return os.environ["KERAS_BACKEND"]
    installed = [name for name in able if importlib.util.find_spec(name)]
    return installed[0] if installed else able[0]


def _check_output(path: str, format_name: str, overwrite: bool) -> None:
    """As `check_output`; of folders only earlier exports may be replaced."""
    if format_name in SUFFIXES:
        check_output(path, overwrite, SUFFIXES[format_name])
        check_output(f"{path}.md", overwrite)
        return
    marker = MARKERS[format_name]
    is_earlier = os.path.isfile(os.path.join(path, marker))
    if os.path.exists(path) and overwrite and not is_earlier:
        raise click.UsageError(
            f"'{path}' exists and is no earlier export: it has no {marker}. "
            "Choose another --output"
        )
    check_unused(path, overwrite)
    claim_output(path)


def _size_of(path: str) -> int:
    """The bytes of a file, or of all files of a folder."""
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(
        os.path.getsize(os.path.join(folder, name))
        for folder, _, names in os.walk(path)
        for name in names
    )
