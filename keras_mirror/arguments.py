"""Checks of arguments: integers, cosines, seeds, columns of texts.

Works without Keras.
"""

import numbers
import random
import reprlib
from collections.abc import Iterable
from collections.abc import Mapping

# These have no order, or none that the user would expect.
UNORDERED = (set, frozenset)


def check_integer(
    name: str,
    value,
    smallest: int = 1,
    largest: float = float("inf"),
    why: str = "",
) -> int:
    """Checks an integer of Python or of NumPy and returns it as an `int`.

    Args:
        name: String, the argument.
        value: What was given for it.
        smallest: Integer. Defaults to `1`.
        largest: Integer. Defaults to infinity.
        why: String, the reason for the bounds, which the error shows. Defaults
            to `""`.

    Returns:
        An `int`.

    Raises:
        ValueError: `value` is not an integer, or is out of bounds. A boolean
            does not count as an integer here, although it does in Python.

    Example:

    >>> check_integer("batch_size", np.int64(8))
    8
    """
    if is_integer(value) and smallest <= value <= largest:
        return int(value)
    kinds = {0: "an integer, 0 or more", 1: "a positive integer"}
    expected = kinds.get(smallest, f"an integer of {smallest} or more")
    if largest < float("inf"):
        expected = f"an integer from {smallest} to {largest}"
    raise ValueError(
        f"`{name}` must be {expected}{why}. Received: {name}={value!r}"
    )


def check_cosine(name: str, value) -> None:
    """Raises a `ValueError` unless `value` is a number from -1 to 1.

    Args:
        name: String, the argument.
        value: What was given for it.

    Example:

    >>> check_cosine("threshold", 0.5)
    """
    if not is_number(value) or not -1 <= value <= 1:
        raise ValueError(
            f"`{name}` must be a cosine, from -1 to 1. "
            f"Received: {name}={value!r}"
        )


def chosen_seed(seed: int | None) -> int:
    """Returns the seed, or draws one if it is `None`.

    The draw follows Keras: `keras.utils.set_random_seed` decides it.

    Example:

    >>> chosen_seed(7)
    7
    """
    return random.randrange(1, 2**31) if seed is None else seed


def is_integer(value) -> bool:
    """Whether `value` is an integer of Python or of NumPy, and no boolean.

    Example:

    >>> is_integer(np.int32(1)), is_integer(True), is_integer(1.0)
    (True, False, False)
    """
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_number(value) -> bool:
    """Whether `value` is a real number of Python or of NumPy, and no boolean.

    Example:

    >>> is_number(np.float32(1)), is_number(True), is_number("1")
    (True, False, False)
    """
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def is_missing(value) -> bool:
    """Whether a value of a table is missing: `None`, NaN, pandas' `NA`.

    Example:

    >>> is_missing(float("nan")), is_missing(0), is_missing("")
    (True, False, False)
    """
    is_nothing = value is None or type(value).__name__ == "NAType"
    return is_nothing or (isinstance(value, numbers.Real) and value != value)


def check_column(texts) -> None:
    """Raises an error unless iterating over `texts` gives the texts, in order.

    Iterating over a table gives the names of its columns, over a dict its keys,
    over bytes numbers, and a set has no order.

    Example:

    >>> check_column(["a man", "a woman"])
    """
    if len(getattr(texts, "shape", (0,))) != 1:
        raise TypeError(
            "Texts must be one column of strings. Select a column of the "
            'table, such as `table["text"]`. '
            f"Received: {type(texts).__name__} of shape {texts.shape}"
        )
    is_other = isinstance(texts, (bytes, bytearray, Mapping, *UNORDERED))
    if is_other or not isinstance(texts, Iterable):
        advice = ""
        if isinstance(texts, UNORDERED):
            advice = ", which has no order: give `sorted(texts)`"
        raise TypeError(
            "Texts must be a string or a list of strings. Received: "
            f"{reprlib.repr(texts)} of type {type(texts).__name__}{advice}"
        )
