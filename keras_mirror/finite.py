"""Checks that numbers are finite, in training and before saving."""

import contextlib
import math
from collections.abc import Iterator

import keras
from keras import ops

ADVICE = (
    "Try a smaller learning rate, and float32 or bfloat16 instead of float16."
)


class FiniteTraining(keras.callbacks.Callback):
    """Stops `fit` at the first step whose loss is not finite.

    Keras logs the mean loss of an epoch's steps so far, which stays NaN.

    Args:
        async_safe: Boolean. Whether Keras may call this in a thread while the
            next step runs: a GPU then does not wait after every step, and `fit`
            ends a few steps later.
    """

    def __init__(self, async_safe: bool):
        super().__init__()
        self.async_safe = async_safe
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            raise FloatingPointError(
                "Training stopped: the loss or a gradient is not finite at "
                f"step {batch + 1} of epoch {self._epoch + 1}. {ADVICE}"
            )


@contextlib.contextmanager
def tells_of_weights(model) -> Iterator[None]:
    """Adds to the error of `FiniteTraining` whether the weights are finite."""
    try:
        yield
    except FloatingPointError as error:
        path = non_finite_variable(model.variables)
        state = "The model keeps its last finite weights."
        if path is not None:
            state = f"Its weights are lost: '{path}' is not finite."
        raise FloatingPointError(f"{error} {state}") from error


def non_finite_variable(variables) -> str | None:
    """The path of the first variable with NaN or infinity, or `None`.

    Example:

    >>> non_finite_variable(model.variables) is None
    True
    """
    for variable in variables:
        if keras.backend.is_float_dtype(variable.dtype) and not bool(
            ops.all(ops.isfinite(variable.value))
        ):
            return variable.path
    return None


def check_finite_variables(variables) -> None:
    """Raises a `ValueError` if a variable holds NaN or infinity.

    Example:

    >>> check_finite_variables(model.variables)
    """
    path = non_finite_variable(variables)
    if path is not None:
        raise ValueError(
            "A model must have finite weights to be saved or exported. "
            f"Received: NaN or infinity in '{path}'. Training that diverged "
            f"gives such weights. {ADVICE}"
        )
