import os
import time
from collections.abc import Iterator
from typing import Any

import click

from keras_mirror.cli.command import Command
from keras_mirror.cli.console import encoding_bar
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.encoders import in_precision
from keras_mirror.cli.encoders import open_encoder
from keras_mirror.cli.facts import Fact
from keras_mirror.cli.files import check_space
from keras_mirror.cli.index_checks import check_index_options
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import batch_size_option
from keras_mirror.cli.options import model_argument
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.options import precision_option
from keras_mirror.cli.options import prompt_option
from keras_mirror.cli.options import text_options
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.data.read_records import expand_globs
from keras_mirror.data.read_records import read_records
from keras_mirror.forward.precision import SAMPLE_SIZE

_NUM_BYTES_BESIDE = 400  # of a document, without its text and vector


@click.command(cls=Command)
@model_argument
@click.argument("texts", nargs=-1, required=True, type=click.Path())
@click.option(
    "--output",
    type=click.Path(),
    required=True,
    help="Folder of the index to write.",
)
@click.option("--id-column", help="Column of ids. Default: numbers from 1.")
@click.option(
    "--metadata",
    help="Columns to keep, such as source,date: see `search --where`.",
)
@click.option(
    "--append",
    is_flag=True,
    help="Add what an existing index lacks: ids, or texts if it has no ids.",
)
@click.option(
    "--update",
    is_flag=True,
    help="As --append, and replace changed texts. Needs --id-column.",
)
@click.option(
    "--exact/--approximate",
    default=None,
    help="Whether to compare with all vectors. Default: up to 100,000.",
)
@batch_size_option
@precision_option
@prompt_option
@text_options
@result_options("json")
@overwrite_option
@backend_options
def index(
    encoder: str,
    texts: tuple[str, ...],
    output: str,
    id_column: str | None,
    metadata: str | None,
    append: bool,
    update: bool,
    exact: bool | None,
    batch_size: int | None,
    precision: str,
    prompt: str | None,
    column: str | None,
    errors: str,
    encoding: str,
    forms: ResultForms,
    overwrite: bool,
    backend: str | None,
    debug: bool,
) -> None:
    """Makes an index of the lines of TEXTS for `keras-mirror search`.

    MODEL is an archive, the name of a preset, or a folder of one. The index
    is a folder that holds the lines, their ids, metadata and vectors, and the
    place of MODEL. With --append or --update only new texts are encoded. If
    that is interrupted, the index stays as it was.
    """
    start = time.monotonic()
    output = output.rstrip(os.sep) or output
    check_index_options(
        output, append, update, id_column, exact, metadata, overwrite
    )
    with status("Reading"), usage_errors():
        records = read_records(
            *expand_globs(texts),
            column=column,
            id_column=id_column,
            metadata=_names(metadata),
            errors=errors,
            encoding=encoding,
        )
    batch = _batch(records, id_column)
    lines = len(batch.texts)
    rows: dict[str, object] = {"lines": lines}
    if append:
        batch = _only_new(output, batch)
        rows["already there"] = lines - len(batch.texts)
    if not (append or update):
        model = _open(encoder, batch.texts, precision, rows, backend, debug)
        made = _made(model, output, batch, exact, batch_size, prompt)
        with status("Saving"):
            made.save(output, overwrite, encoder)
    elif batch.texts:
        model = _open(encoder, batch.texts, precision, rows, backend, debug)
        _change(model, output, batch, update, batch_size, prompt)
    from keras_mirror.cli.index_info import num_bytes
    from keras_mirror.store.index_folder import index_settings

    if append or update:
        rows["in the index"] = index_settings(output).num_documents
    num_empty = sum(not line.strip() for line in batch.texts)
    size = num_bytes(output)
    rows["empty"] = Fact(num_empty, f"{num_empty}, not searched")
    rows["index"] = Fact(output, f"{output}, {size / 1e6:.1f} MB")
    rows["bytes"] = Fact(size)
    forms.write(content=print_summary(rows, start))
    print_next("search", output, '"..."')


def _open(
    encoder: str,
    texts: list[str],
    precision: str,
    rows: dict[str, object],
    backend: str | None,
    debug: bool,
):
    model = open_encoder(encoder, backend, debug, many=True)
    sample = texts[:SAMPLE_SIZE]
    model, told = in_precision(model, precision, sample, len(texts))
    rows.update(told)
    return model


def _names(metadata: str | None) -> list[str]:
    return [
        name.strip() for name in (metadata or "").split(",") if name.strip()
    ]


def _batch(records: Iterator, id_column: str | None) -> Any:
    from keras_mirror.store.batch import Batch

    with status("Reading"):
        rows = list(records)
    ids = [each.id for each in rows] if id_column else None
    return Batch.of(
        [each.text for each in rows], ids, [each.metadata for each in rows]
    )


def _only_new(output: str, batch: Any) -> Any:
    from keras_mirror.store.index_folder import open_index
    from keras_mirror.store.only_new import only_new

    return only_new(open_index(output), batch)


def _made(
    model,
    output: str,
    batch: Any,
    exact: bool | None,
    batch_size: int | None,
    prompt: str | None,
):
    from keras_mirror.search import Index

    embedding_dim = model.encoder.output_shape[-1]
    check_space(output, _needed_bytes(batch.texts, embedding_dim))
    made = Index(model, exact)
    with encoding_bar(batch.texts, then="Encoded") as on_progress:
        made.add(
            batch.texts,
            batch_size,
            on_progress,
            prompt,
            batch.ids,
            batch.metadata,
        )
    return made


def _change(
    model,
    output: str,
    batch: Any,
    update: bool,
    batch_size: int | None,
    prompt: str | None,
) -> None:
    from keras_mirror.search import Index

    opened = Index.load(output, model)
    embedding_dim = model.encoder.output_shape[-1]
    check_space(output, _needed_bytes(batch.texts, embedding_dim))
    with encoding_bar(batch.texts, then="Encoded") as on_progress:
        put = opened.upsert if update else opened.add
        put(
            batch.texts,
            ids=batch.ids,
            metadata=batch.metadata,
            batch_size=batch_size,
            on_progress=on_progress,
            prompt=prompt,
        )


def _needed_bytes(lines: list[str], embedding_dim: int) -> int:
    """About the bytes of an index without its graph."""
    num_different = len({line for line in lines if line.strip()})
    beside = _NUM_BYTES_BESIDE * len(lines) + 4 * num_different * embedding_dim
    return 2 * sum(map(len, lines)) + beside
