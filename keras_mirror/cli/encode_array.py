import numpy as np

from keras_mirror.cli.console import progress_bar
from keras_mirror.cli.console import start_keras
from keras_mirror.cli.console import status
from keras_mirror.cli.files import open_texts
from keras_mirror.cli.models import open_archive
from keras_mirror.files import atomic_output


def encode_array(archive, paths, output, batch_size, backend, debug, **reading):
    """Writes the vectors of all texts into one `.npy` file, as they come.

    Args:
        archive: String.
        paths: Strings, see `keras_mirror.data.read_texts`.
        output: String, a path that ends in `.npy`.
        batch_size: Integer.
        backend: See `start_keras`.
        debug: See `start_keras`.
        reading: Options of `read_texts`.

    Returns:
        A dict of what was done.
    """
    with status("Counting texts"):
        num_texts = sum(1 for _ in open_texts(*paths, **reading))
    start_keras(backend, debug)
    model = open_archive(archive)
    shape = (num_texts, model.encoder.output_shape[-1])
    with atomic_output(output) as unfinished, open(unfinished, "wb") as file:
        _write_header(file, shape)
        texts = open_texts(*paths, **reading)
        num_cut = _write_rows(file, model, texts, num_texts, batch_size)
    return {
        "texts": num_texts,
        "cut": f"{num_cut} at {model.preprocessor.sequence_length} tokens",
        "vectors": f"{output}, {shape[0]} x {shape[1]}",
    }


def _write_header(file, shape):
    settings = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, settings)


def _write_rows(file, model, texts, num_texts, batch_size):
    """Row by row, not mapped into memory, which would fill with the file."""
    from keras_mirror.encoder.encode import encode_in_chunks

    total_cut = 0
    with progress_bar() as bar:
        task = bar.add_task("Encoding", total=num_texts)
        for vectors, num_cut in encode_in_chunks(model, texts, batch_size):
            file.write(vectors.astype("<f4").tobytes())
            total_cut += num_cut
            bar.update(task, advance=len(vectors))
    return total_cut
