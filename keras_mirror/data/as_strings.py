import itertools
from collections.abc import Iterable
from collections.abc import Iterator
from typing import TypeVar

from keras_mirror.arguments import check_column

Item = TypeVar("Item")


def as_strings(texts) -> list[str]:
    """Turns whatever a user passes as texts into a list of strings.

    Args:
        texts: A string, or an ordered iterable of strings: a list, an array, a
            series, a generator. Not a table, a dict or a set.

    Returns:
        A list of strings; one for a single string.

    Raises:
        TypeError: `texts` or one of its elements is something else.
        ValueError: A text is not valid Unicode.

    Example:

    >>> as_strings("a man")
    ['a man']
    """
    if isinstance(texts, str):
        return [texts]
    check_column(texts)
    texts = list(items_of(texts))
    for index, text in enumerate(texts):
        check_string(text, index)
    return texts


def items_of(column: Iterable) -> Iterable:
    """The elements of a column as Python objects, read lazily if possible.

    Iterating over an array would give NumPy strings, over an Arrow column
    scalars.

    Example:

    >>> list(items_of(np.array(["a man"])))
    ['a man']
    """
    for convert in ("tolist", "to_pylist"):
        if hasattr(column, convert):
            return getattr(column, convert)()
    return column


def check_string(text: object, index: int) -> None:
    """Raises an error unless `text`, the element `index`, is a string.

    Example:

    >>> check_string("a man", 0)
    """
    if not isinstance(text, str):
        raise TypeError(
            "Texts must be strings. "
            f"Received: {text!r} of type {type(text).__name__} at index {index}"
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            "Texts must be valid Unicode. Received: a lone surrogate at "
            f"character {error.start} of the text at index {index}"
        ) from error


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yields lists of `size` items, the last one shorter (as in Python 3.12).

    Example:

    >>> list(batched("abc", 2))
    [['a', 'b'], ['c']]
    """
    items = iter(items)
    while batch := list(itertools.islice(items, size)):
        yield batch
