from collections.abc import Iterable
from collections.abc import Iterator


def pairs_of_next_lines(lines: Iterable[str]) -> Iterator[str | tuple]:
    """Pairs of lines that follow each other in a document.

    Neighboring sentences are about one subject: training uses them as two views
    of one string.

    Args:
        lines: Iterable of strings, the sentences of documents in their order.
            An empty line ends a document.

    Yields:
        Tuples of two strings: a line and the next one; or a string, the only
        line of a document.

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
