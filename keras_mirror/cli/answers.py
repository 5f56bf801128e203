import contextlib

import click


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
