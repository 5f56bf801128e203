import time

import click

from keras_mirror.atomic_output import atomic_output
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import check_space
from keras_mirror.optional import import_optional
from keras_mirror.store.arrow import SUFFIXES
from keras_mirror.store.arrow import write_arrow
from keras_mirror.store.index_folder import open_index


def export_index(
    path: str, format_name: str, output: str, overwrite: bool
) -> dict[str, object]:
    """Writes an index as a table; Keras is not needed.

    Args:
        path: String, the index.
        format_name: String, a key of `SUFFIXES`.
        output: String, the file to write.
        overwrite: Boolean, whether an existing file may be replaced.

    Returns:
        A dict, what the summary tells, for programs.

    Raises:
        click.UsageError: The format is one of a model, or `output` exists.
    """
    start = time.monotonic()
    if format_name not in SUFFIXES:
        raise click.UsageError(
            f"--format {format_name} is for a MODEL. '{path}' is an index: "
            f"give --format {' or '.join(SUFFIXES)}"
        )
    check_output(output, overwrite, SUFFIXES[format_name])
    import_optional("pyarrow.parquet", "files")
    with status(f"Writing {output}"):
        with usage_errors():
            store = open_index(path)
        settings = store.settings
        check_space(output, settings.num_vectors * settings.embedding_dim * 4)
        with atomic_output(output, overwrite=overwrite) as unfinished:
            write_arrow(store, unfinished, format_name)
    rows = {
        "format": format_name,
        "rows": len(store),
        "dimensions": settings.embedding_dim,
        "written": output,
    }
    return print_summary(rows, start)
