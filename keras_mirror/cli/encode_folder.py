import logging
import os

import click

from keras_mirror.bulk.encode_files import ShardWriter
from keras_mirror.bulk.encode_files import encode_shards
from keras_mirror.bulk.shard_folder import begin_folder
from keras_mirror.bulk.shards import ShardPlan
from keras_mirror.cli.console import progress_bar
from keras_mirror.cli.console import start_keras
from keras_mirror.cli.console import usage_errors
from keras_mirror.startup import choose_backend


def check_folder(path, overwrite):
    """Raises `click.UsageError` where `path` cannot be a folder of vectors.

    Args:
        path: String.
        overwrite: Boolean: a folder is never replaced.
    """
    ending = os.path.splitext(path)[1]
    if ending:
        raise click.UsageError(
            "--output must end in .npy, or be a folder. Received: "
            f"{path}, which ends in {ending}"
        )
    if overwrite:
        raise click.UsageError(
            "--overwrite is for *.npy: a folder goes on where it was stopped. "
            f"Choose another folder. Received: --output {path}"
        )


def encode_folder(
    archive,
    paths,
    output,
    batch_size,
    backend,
    debug,
    engine,
    workers,
    rows_per_file,
    **reading,
):
    """Writes the vectors of all texts into a folder of Parquet files.

    Args:
        archive: String.
        paths: Strings, see `keras_mirror.data.read_texts`.
        output: String, a folder or an address.
        batch_size: Integer.
        backend: See `start_keras`.
        debug: See `start_keras`.
        engine: See `encode_files`.
        workers: Integer or `None`, of Ray.
        rows_per_file: Integer.
        reading: Options of `ShardPlan`.

    Returns:
        A dict of what was done.
    """
    with usage_errors():
        plan = ShardPlan(paths, rows_per_shard=rows_per_file, **reading)
        folder = begin_folder(archive, plan, output)
    if engine == "local":
        start_keras(backend, debug)
    else:  # workers start Keras themselves
        choose_backend(backend, debug)
        if not debug:  # Ray logs pages for what we tell in a line
            logging.disable(logging.CRITICAL)
    with progress_bar() as bar:
        task = bar.add_task("Encoding", total=None)
        done = encode_shards(
            plan,
            ShardWriter(archive, folder, batch_size),
            engine=engine,
            num_workers=workers,
            on_progress=lambda number: bar.update(task, advance=number),
        )
    return {
        "texts": done["num_texts"],
        "cut": done["num_cut"],
        "files": f"{done['num_shards']}, {done['num_found']} were there",
        "vectors": output,
    }
