from collections.abc import Iterable
from collections.abc import Iterator


def pairs_of_next_lines(lines: Iterable[str]) -> Iterator[str | tuple]:
    """Pairs of lines that follow each other in a document.

    Sentences that stand beside each other tell of one subject: training takes
    them as two views of one string.

    Args:
        lines: Iterable of strings, the sentences of documents in their order.
            An empty line ends a document.

    Yields:
        Tuples of two strings, and the only line of a document alone. Every
        line but the first of a document is a second one once.

    Example:

    >>> lines = ["It rains.", "We are wet.", "", "A dog runs."]
    >>> list(pairs_of_next_lines(lines))
    [('It rains.', 'We are wet.'), 'A dog runs.']
    """
    previous, is_alone = "", False
    for line in lines:
        line = line.strip()
        if line and previous:
            yield previous, line
        elif is_alone:
            yield previous
        is_alone = bool(line) and not previous
        previous = line
    if is_alone:
        yield previous
