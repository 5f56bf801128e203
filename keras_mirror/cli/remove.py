import time

import click

from keras_mirror.cli.command import Command
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.index_checks import check_folder
from keras_mirror.cli.options import ExistingFile
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.data.read_lines import read_lines


@click.command(cls=Command)
@click.argument("index", type=ExistingFile(or_folder=True))
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option(
    "--ids-from", type=click.Path(), help="File of ids, one per line."
)
@click.option(
    "--where", help="Remove the texts that meet a condition: see `search`."
)
@result_options("json")
@overwrite_option
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def remove(
    index: str,
    ids: tuple[str, ...],
    ids_from: str | None,
    where: str | None,
    forms: ResultForms,
    overwrite: bool,
    debug: bool,
) -> None:
    """Removes texts from INDEX: those of each ID, or of a condition.

    An ID that is not in the index is an error, and then nothing is removed.
    """
    start = time.monotonic()
    if bool(ids or ids_from) == bool(where):
        raise click.UsageError("give IDs or --ids-from, or else --where")
    check_folder(index)
    from keras_mirror.store.batch import remove as remove_ids
    from keras_mirror.store.index_folder import open_index
    from keras_mirror.store.where import parse_where

    store = open_index(index)
    names = list(ids)
    if ids_from:
        names += [line for line in read_lines(ids_from) if line.strip()]
    if where:
        with usage_errors():
            condition = parse_where(where, store.settings.columns)
        names = store.documents.ids(condition)
    remove_ids(store, names)
    rows: dict[str, object] = {
        "removed": len(dict.fromkeys(names)),
        "left": store.settings.num_documents,
    }
    forms.write(content=print_summary(rows, start))
