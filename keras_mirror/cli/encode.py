import itertools
import logging
import os
import time
from collections.abc import Iterable
from typing import BinaryIO

import click
import numpy as np
from click.core import ParameterSource

from keras_mirror.atomic_output import atomic_output
from keras_mirror.bulk.begin_folder import begin_folder
from keras_mirror.bulk.encode_files import ENGINES
from keras_mirror.bulk.encode_files import ShardWriter
from keras_mirror.bulk.encode_files import encode_shards
from keras_mirror.bulk.shards import ShardPlan
from keras_mirror.cli.command import Command
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import progress_bar
from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.encoders import in_precision
from keras_mirror.cli.encoders import open_encoder
from keras_mirror.cli.facts import Fact
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import check_space
from keras_mirror.cli.files import claim_output
from keras_mirror.cli.files import counted_texts
from keras_mirror.cli.files import named_texts
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import batch_size_option
from keras_mirror.cli.options import model_argument
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.options import precision_option
from keras_mirror.cli.options import prompt_option
from keras_mirror.cli.options import text_options
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.data.open_binary import is_remote
from keras_mirror.forward.precision import SAMPLE_SIZE
from keras_mirror.startup import choose_backend


@click.command(cls=Command)
@model_argument
@click.argument("texts", nargs=-1, required=True, type=click.Path())
@click.option(
    "--output",
    type=click.Path(),
    required=True,
    help="File *.npy, or folder for Parquet files of ids and vectors.",
)
@batch_size_option
@precision_option
@prompt_option
@text_options
@click.option(
    "--id-column", help="(folder output only) Column of ids. Default: path:row."
)
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="local",
    show_default=True,
    help="(folder output only) Encode in this process, or in Ray's workers.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Number of Ray workers. Default: one per GPU or CPU.",
)
@click.option(
    "--rows-per-file",
    type=click.IntRange(1),
    default=10_000,
    show_default=True,
    help="(folder output only) Number of texts per Parquet file.",
)
@result_options("json")
@overwrite_option
@backend_options
def encode(
    encoder: str,
    texts: tuple[str, ...],
    output: str,
    batch_size: int | None,
    precision: str,
    prompt: str | None,
    column: str | None,
    errors: str,
    encoding: str,
    id_column: str | None,
    engine: str,
    workers: int | None,
    rows_per_file: int,
    forms: ResultForms,
    overwrite: bool,
    backend: str | None,
    debug: bool,
) -> None:
    """Encodes TEXTS into vectors, float32.

    MODEL is an archive, the name of a preset, or a folder of one. Vectors go
    into one file *.npy, where row i is the vector of line i of all files; or
    into a folder of Parquet files with one row of id and vector per text, for
    any number of texts, on one machine or many. If interrupted, run the same
    command again to resume. Run it again, too, after lines or files were added
    at the end: only these are encoded.
    """
    start = time.monotonic()
    if output.endswith(".npy"):
        _refuse("a folder", "id_column", "engine", "workers", "rows_per_file")
        check_output(output, overwrite)
        with status("Counting texts"):
            num_texts, opened = counted_texts(
                *texts, column=column, errors=errors, encoding=encoding
            )
        model = open_encoder(encoder, backend, debug, many=True)
        sample = list(itertools.islice(opened, SAMPLE_SIZE))
        opened = itertools.chain(sample, opened)
        model, told = in_precision(model, precision, sample, num_texts)
        from keras_mirror.encoder.encode import encode_in_chunks

        chunks = encode_in_chunks(model, opened, batch_size, prompt=prompt)
        rows = _encode_array(model, chunks, num_texts, output, overwrite)
        rows.update(told)
    else:
        _refuse("a file *.npy", "precision")
        _check_folder(output)
        with usage_errors():
            plan = ShardPlan(
                texts,
                column=column,
                id_column=id_column,
                errors=errors,
                encoding=encoding,
                rows_per_shard=rows_per_file,
            )
            _claim_folder(output)
            folder = begin_folder(encoder, plan, output, prompt, overwrite)
        _start_engine(engine, backend, debug)
        writer = ShardWriter(encoder, folder, batch_size, prompt)
        rows = _encode_shards(plan, writer, engine, workers)
        rows["vectors"] = output
    forms.write(content=print_summary(rows, start))
    named = named_texts(texts[0], column, errors, encoding)
    print_next("index", encoder, *named, "--output", "texts.index")


# === Into a file ===


def _refuse(other: str, *names: str) -> None:
    """Refuses options that belong to another kind of output."""
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise click.UsageError(
                f"--{name.replace('_', '-')} needs {other} as --output"
            )


def _encode_array(
    model,
    chunks: Iterable[tuple],
    num_texts: int,
    output: str,
    overwrite: bool,
) -> dict[str, object]:
    shape = (num_texts, model.encoder.output_shape[-1])
    check_space(output, 4 * shape[0] * shape[1])
    with (
        atomic_output(output, overwrite=overwrite) as unfinished,
        open(unfinished, "wb") as file,
    ):
        settings = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, settings)
        num_cut = _write_rows(file, chunks, num_texts)
    return {
        "texts": num_texts,
        "cut": Fact(
            num_cut, f"{num_cut} at {model.preprocessor.sequence_length} tokens"
        ),
        "vectors": Fact(output, f"{output}, {shape[0]} x {shape[1]}"),
        "dimensions": Fact(shape[1]),
    }


def _write_rows(file: BinaryIO, chunks: Iterable[tuple], num_texts: int) -> int:
    """Row by row, not mapped into memory, which would fill with the file."""
    total_cut = num_written = 0
    with progress_bar() as bar:
        task = bar.add_task("Encoding", total=num_texts)
        for vectors, num_cut in chunks:
            file.write(vectors.astype("<f4").tobytes())
            total_cut += num_cut
            num_written += len(vectors)
            bar.update(task, advance=len(vectors))
    if num_written != num_texts:
        raise ValueError(
            "TEXTS must not change while they are encoded. Received: "
            f"{num_texts} texts when they were counted, {num_written} when "
            "they were encoded. Run the command again"
        )
    return total_cut


# === Into a folder ===


def _check_folder(path: str) -> None:
    ending = os.path.splitext(path)[1]
    if ending:
        raise click.UsageError(
            "--output must end in .npy, or be a folder. Received: "
            f"{path}, which ends in {ending}"
        )


def _claim_folder(path: str) -> None:
    if not is_remote(path):
        os.makedirs(os.path.dirname(os.path.realpath(path)), exist_ok=True)
        claim_output(path)


def _start_engine(engine: str, backend: str | None, debug: bool) -> None:
    if engine == "local":
        start_keras(backend, debug)
        return
    choose_backend(backend, debug)  # workers start Keras themselves
    if not debug:  # Ray logs pages for what we tell in a line
        logging.disable(logging.CRITICAL)


def _encode_shards(
    plan: ShardPlan, writer: ShardWriter, engine: str, workers: int | None
) -> dict[str, object]:
    with progress_bar() as bar:
        task = bar.add_task("Encoding", total=None)
        done = encode_shards(
            plan,
            writer,
            engine=engine,
            num_workers=workers,
            on_progress=lambda number: bar.update(task, advance=number),
        )
    return {
        "texts": done["num_texts"],
        "cut": done["num_cut"],
        "files": Fact(
            done["num_shards"],
            f"{done['num_shards']}, {done['num_found']} were there",
        ),
        "files found": Fact(done["num_found"]),
    }
