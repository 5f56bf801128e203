import contextlib

import click

from keras_mirror.cli.console import progress_bar
from keras_mirror.files import atomic_output


def print_texts(title, texts):
    """A title, and under it texts with their cosines and names.

    Args:
        title: String.
        texts: Iterable of tuples `(cosine, name, text)`.
    """
    click.echo(f"\n{title}")
    for cosine, name, text in texts:
        click.echo(f"  {cosine:.2f}  {name}: {text}")


def ask(question, answer):
    """Takes searches from the keyboard until an empty line or Ctrl-C.

    Args:
        question: String, what is asked for.
        answer: Function of a search.
    """
    click.echo(f"\n{question} An empty line ends.", err=True)
    with contextlib.suppress(click.Abort):  # Ctrl-C, or no more input
        while query := click.prompt("search", "", show_default=False, err=True):
            answer(query)


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


@contextlib.contextmanager
def encoding_bar(texts, then):
    """A progress bar for what encodes every different text once.

    Args:
        texts: List of strings.
        then: String, what happens when all are encoded.

    Yields:
        A function of the number of texts just encoded.
    """
    total = len({text for text in texts if text.strip()})
    with progress_bar() as bar:
        task = bar.add_task("Encoding", total=total)

        def progress(count):
            bar.update(task, advance=count)
            if bar.finished:
                bar.update(task, description=then)

        yield progress
