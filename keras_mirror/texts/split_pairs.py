def split_pairs(lines):
    """Pairs out of the lines that hold a TAB, the other lines as they are.

    Args:
        lines: Iterable of strings.

    Returns:
        An iterator of strings and of tuples of two strings.

    Raises:
        ValueError: A line has more than two columns.

    Example:

    >>> list(split_pairs(["a man\\ta guy", "a woman"]))
    [('a man', 'a guy'), 'a woman']
    """
    for number, line in enumerate(lines, start=1):
        texts = tuple(line.split("\t"))
        if len(texts) > 2:
            raise ValueError(
                "A line of pairs must be one text, or two with a TAB between. "
                f"Received: {len(texts)} columns in line {number}"
            )
        yield texts if len(texts) == 2 else line
