"""Stops Keras from creating more weights than the archive's file holds.

A configuration of a few bytes can ask for any number of weights, in more ways
than a check could cover: sizes of layers, shapes that they are built with,
adapters, metrics. All of them become variables, which are counted here before
they get memory.
"""

import contextlib
import math
import threading
from collections.abc import Iterator

# Room for more than the weights of an archive: an optimizer that was not saved,
# states of seeds, and weights that int4 has packed.
_MAX_RATIO = 4
_FREE_WEIGHTS = 2**20
_FREE_ARRAYS = 50

_LOCK = threading.Lock()
_budgets = threading.local()
_num_open = 0


class _Budget:
    def __init__(self, num_weights: int, num_arrays: int) -> None:
        self.weights = _MAX_RATIO * num_weights + _FREE_WEIGHTS
        self.arrays = _MAX_RATIO * num_arrays + _FREE_ARRAYS

    def spend(self, number: int) -> None:
        self.weights -= number
        self.arrays -= 1
        if min(self.weights, self.arrays) < 0:
            raise ValueError(
                "it must hold the weights of its model. Received: a model that "
                "asks for many more weights than there are"
            )


@contextlib.contextmanager
def weight_budget(num_weights: int, num_arrays: int) -> Iterator[None]:
    """A context in which Keras may create only as many weights as a file has.

    Args:
        num_weights: Integer, the numbers in the file.
        num_arrays: Integer, the arrays that hold them.

    Raises:
        ValueError: The code inside, in this thread, asks for many more.

    Example:

    >>> import keras
    >>> with weight_budget(num_weights=0, num_arrays=0):
    ...     keras.Variable("zeros", shape=(10**5, 10**5))
    Traceback (most recent call last):
    ...
    ValueError: it must hold the weights of its model. Received: a model ...
    """
    outer = getattr(_budgets, "current", None)
    _budgets.current = _Budget(num_weights, num_arrays)
    _watch(+1)
    try:
        yield
    finally:
        _watch(-1)
        _budgets.current = outer


def _watch(change: int) -> None:
    """Counts variables in their constructor while a context is open."""
    import keras

    global _num_open
    with _LOCK:
        was_open, _num_open = _num_open, _num_open + change
        if not was_open:
            keras.Variable.__init__ = _counting(keras.Variable.__init__)
        elif not _num_open:
            del keras.Variable.__init__  # the backend class keeps its own


def _counting(make):
    def counted(self, initializer, shape=None, *args, **kwargs) -> None:
        budget = getattr(_budgets, "current", None)
        if budget is not None:
            sizes = (
                getattr(initializer, "shape", ()) if shape is None else shape
            )
            budget.spend(math.prod(size for size in sizes if size is not None))
        make(self, initializer, shape, *args, **kwargs)

    return counted
