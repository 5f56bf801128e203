import collections

from keras_mirror.evaluation.readers.row import is_number


def column_kinds(rows, separator):
    """Which columns of a table without header have texts, and which numbers.

    Args:
        rows: List of `Row`s, its first ones.
        separator: See `read_rows`.

    Returns:
        A tuple of two lists of integers, the places of the columns; both
        empty if this is no table.

    Example:

    >>> from keras_mirror.evaluation.readers.row import Row
    >>> rows = [Row("mine.tsv", 1, ["a man", "a woman", "2.5"])]
    >>> column_kinds(rows, "\\t")
    ([0, 1], [2])
    """
    widths = collections.Counter(len(row.cells) for row in rows)
    width, count = widths.most_common(1)[0]
    # "Copyright (c) 2024" is no pair of words with a score.
    share = 0.5 if separator else 0.8
    if count < share * len(rows) or (separator != "\t" and count < 2):
        return [], []
    rows = [row for row in rows if len(row.cells) == width]
    texts = []
    numbers = []
    for place in range(width):
        cells = [row.text(place) for row in rows if row.text(place)]
        # Half of them: a header over one row, a slip in another one.
        is_numeric = 2 * sum(map(is_number, cells)) >= len(cells)
        if cells:
            (numbers if is_numeric else texts).append(place)
    return texts, numbers
