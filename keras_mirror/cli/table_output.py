import contextlib

import click

from keras_mirror.atomic_output import atomic_output


def write_table(rows, path=None):
    """Writes rows with TABs between their columns.

    Args:
        rows: Iterable of tuples. A TAB in a text becomes a space.
        path: String. Defaults to `None`: the screen.
    """
    with contextlib.ExitStack() as stack:
        file = None
        if path:
            path = stack.enter_context(atomic_output(path))
            file = stack.enter_context(open(path, "w", encoding="utf-8"))
        for row in rows:
            cells = (str(cell).replace("\t", " ") for cell in row)
            click.echo("\t".join(cells), file=file)
