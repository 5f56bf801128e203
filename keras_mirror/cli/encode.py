import time

import click
import numpy as np

from keras_mirror.atomic_output import atomic_output
from keras_mirror.cli.archive import load_archive
from keras_mirror.cli.console import backend_options
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import progress_bar
from keras_mirror.cli.console import status
from keras_mirror.cli.input_file import errors_option
from keras_mirror.cli.output_file import check_output
from keras_mirror.cli.output_file import overwrite_option
from keras_mirror.cli.start import start_keras
from keras_mirror.text_files import read_lines


@click.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False))
@click.argument("texts", type=click.Path(exists=True, dir_okay=False))
@click.option("--output", required=True, help="File to write, *.npy.")
@click.option("--batch-size", type=click.IntRange(1), default=64)
@errors_option
@overwrite_option
@backend_options
def encode(
    archive, texts, output, batch_size, errors, overwrite, backend, debug
):
    """Writes one vector a line of TEXTS: row i is line i, float32."""
    start = time.monotonic()
    check_output(output, overwrite, suffix=".npy")
    with status("Counting lines"):
        num_lines = sum(1 for _ in read_lines(texts, errors=errors))

    start_keras(backend, debug)
    with status(f"Loading {archive}"):
        model = load_archive(archive)
    shape = (num_lines, model.encoder.output_shape[-1])
    with atomic_output(output) as unfinished:
        lines = read_lines(texts, errors=errors)
        num_cut = _write(model, lines, unfinished, shape, batch_size)
    rows = {
        "texts": num_lines,
        "cut": f"{num_cut} at {model.preprocessor.sequence_length} tokens",
        "vectors": f"{output}, {shape[0]} x {shape[1]}",
    }
    print_summary(rows, start)


def _write(model, lines, path, shape, batch_size):
    """Writes vectors as they come; gives the number of texts cut."""
    from keras_mirror.encoding import encode_in_chunks

    if not shape[0]:  # nothing to map into memory
        np.save(path, np.empty(shape, "float32"))
        return 0
    vectors = np.lib.format.open_memmap(path, "w+", "float32", shape)
    num_done = total_cut = 0
    with progress_bar() as bar:
        task = bar.add_task("Encoding", total=shape[0])
        for chunk, num_cut in encode_in_chunks(model, lines, batch_size):
            stop = num_done + len(chunk)
            vectors[num_done:stop] = chunk
            total_cut += num_cut
            num_done = stop
            bar.update(task, completed=num_done)
    vectors.flush()
    return total_cut
