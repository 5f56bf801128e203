import contextlib
import threading
from collections.abc import Callable
from collections.abc import Iterator

import keras
from keras import ops

_DRAWING = (
    keras.initializers.RandomUniform,
    keras.initializers.TruncatedNormal,
    keras.initializers.VarianceScaling,
)
_loading = threading.Lock()


@contextlib.contextmanager
def undrawn_weights() -> Iterator[None]:
    """Makes layers whose weights are read from a file begin with zeros.

    Keras draws random numbers for them first. On JAX that compiles a function
    for every shape, which takes three seconds where none is cached. Layers
    that other threads make meanwhile get random numbers.

    Example:

    >>> with undrawn_weights():
    ...     float(keras.initializers.GlorotUniform()((1, 1))[0, 0])
    0.0
    """
    with _loading:
        drawn = {kind: kind.__call__ for kind in _DRAWING}
        try:
            for kind, draw in drawn.items():
                _set_call(kind, _zeros_or(draw, threading.get_ident()))
            yield
        finally:
            for kind, draw in drawn.items():
                _set_call(kind, draw)


def _set_call(kind: type, call: Callable) -> None:
    kind.__call__ = call  # type: ignore[method-assign]


def _zeros_or(draw: Callable, thread: int) -> Callable:
    def call(self, shape, dtype=None):
        if threading.get_ident() == thread:
            return ops.zeros(shape, dtype)
        return draw(self, shape, dtype)

    return call
