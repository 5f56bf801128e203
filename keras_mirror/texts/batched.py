import itertools


def batched(items, size):
    """Lists of `size` items, the last one shorter (Python 3.12 has it).

    Args:
        items: Iterable.
        size: Positive integer.

    Returns:
        An iterator of lists.

    Example:

    >>> list(batched("abc", 2))
    [['a', 'b'], ['c']]
    """
    items = iter(items)
    while batch := list(itertools.islice(items, size)):
        yield batch
