"""What `keras-mirror index` refuses before the work starts."""

import os

import click

from keras_mirror.cli.files import check_unused
from keras_mirror.cli.files import claim_output


def check_index_options(
    output: str,
    append: bool,
    update: bool,
    id_column: str | None,
    exact: bool | None,
    metadata: str | None,
    overwrite: bool,
) -> None:
    if append and update:
        raise click.UsageError("give one of --append and --update")
    if update and not id_column:
        raise click.UsageError("--update needs --id-column")
    if not (append or update):
        _check_unused(output, overwrite)
        _check_place(output)
        claim_output(output)
        return
    if overwrite or exact is not None:
        raise click.UsageError(
            "--append and --update exclude --overwrite, --exact and "
            "--approximate"
        )
    check_folder(output)
    _check_metadata(output, metadata)


def _check_unused(output: str, overwrite: bool) -> None:
    from keras_mirror.store.index_folder import is_index

    if is_index(output) and not overwrite:
        raise click.UsageError(
            f"'{output}' exists. --append adds to it, --update also replaces "
            "texts, and --overwrite makes it anew"
        )
    check_unused(output, overwrite)


def _check_place(output: str) -> None:
    from keras_mirror.store.index_folder import check_place

    try:
        check_place(output, overwrite=True)
    except FileExistsError as error:
        raise click.UsageError(str(error)) from error


def check_folder(path: str) -> None:
    """Raises `click.UsageError` where no index is that can be changed."""
    if not os.path.exists(path):
        raise click.UsageError(f"'{path}' does not exist: make it first")
    if not os.path.isdir(path):
        raise click.UsageError(
            f"'{path}' is a file, as older versions made it: make it anew to "
            "change it"
        )


def _check_metadata(output: str, metadata: str | None) -> None:
    from keras_mirror.store.index_folder import index_settings

    columns = index_settings(output).columns
    if columns and not metadata:
        raise click.UsageError(
            f"the texts of '{output}' have metadata, and new ones would have "
            f"none: give --metadata {','.join(columns)}"
        )
