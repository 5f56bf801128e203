"""Faster arithmetic of training steps on TensorFlow and JAX on a CPU.

A context tells layers to use it, since only training does: encoding gives the
same vectors on every processor.
"""

import contextlib
import contextvars
import dataclasses
import functools
import math
from collections.abc import Callable
from collections.abc import Iterator

import keras
from keras import ops

from keras_mirror.encoder.jax_product import jax_product
from keras_mirror.optional_tensorflow import has_gpu
from keras_mirror.processor import processor_has

# Processor flags of units that multiply bfloat16 matrices.
_FLAG = "amx_bf16"
_KERAS_HUBS_GELU = "keras_hub>gelu_approximate"


@dataclasses.dataclass(frozen=True)
class _Arithmetic:
    product_dtype: str | None = None  # `None`: the dtype of the inputs
    is_fused: bool = False


_PLAIN = _Arithmetic()
_arithmetic: contextvars.ContextVar[_Arithmetic] = contextvars.ContextVar(
    "training_arithmetic", default=_PLAIN
)


@contextlib.contextmanager
def training_arithmetic(product_dtype: str | None) -> Iterator[None]:
    """A context in which layers compute as in a training step.

    Args:
        product_dtype: String, such as `"bfloat16"`: the dtype in which
            projections multiply. Weights, sums over the batch, normalizations
            and the optimizer keep their dtypes. `None` changes nothing.

    Example:

    >>> with training_arithmetic("bfloat16"):
    ...     float(product_of(np.eye(2), np.full((2, 2), 1.001))[0, 0])
    1.0
    """
    # PyTorch has fused operations. XLA fuses, but not as well.
    is_fused = keras.backend.backend() in ("tensorflow", "jax")
    token = _arithmetic.set(_Arithmetic(product_dtype, is_fused))
    try:
        yield
    finally:
        _arithmetic.reset(token)


def fastest_product_dtype(model) -> str | None:
    """The dtype in which this machine multiplies fastest, if not the model's.

    It is `"bfloat16"` for a float32 model on TensorFlow and JAX, if the
    processor has units that multiply such matrices.

    Args:
        model: A `keras.Model`.

    Returns:
        A string, or `None` where there is none.

    Example:

    >>> fastest_product_dtype(model) in (None, "bfloat16")
    True
    """
    is_plain = model.compute_dtype == "float32"
    has_units = is_plain and processor_has(_FLAG) and _computes_on_cpu()
    return "bfloat16" if has_units else None


def _computes_on_cpu() -> bool:
    """Whether it is the CPU, and a backend on which it was measured."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.default_backend() == "cpu"
    return keras.backend.backend() == "tensorflow" and not has_gpu()


def without_rewriting(function: Callable) -> Callable:
    """Makes TensorFlow run a function's graph as traced, on a CPU.

    Rewriting the graph of a step takes TensorFlow a second before the first
    step and makes no later step faster.

    Args:
        function: A function, such as the `train_function` of a model.

    Returns:
        A function; the same one on other backends and with a GPU.

    Example:

    >>> without_rewriting(max)(1, 2)
    2
    """
    if keras.backend.backend() != "tensorflow" or has_gpu():
        return function
    from tensorflow.config import optimizer

    @functools.wraps(function)
    def call(*args):
        is_off = optimizer.get_experimental_options()["disable_meta_optimizer"]
        optimizer.set_experimental_options({"disable_meta_optimizer": True})
        try:
            return function(*args)
        finally:
            optimizer.set_experimental_options(
                {"disable_meta_optimizer": is_off}
            )

    return call


def product_of(inputs, kernel):
    """`ops.matmul` in the dtype that `training_arithmetic` asks for.

    The products of its gradient have this dtype too, on JAX except for the
    gradient of `kernel`.

    Args:
        inputs: Tensor of shape `(num_rows, num_features)`.
        kernel: Tensor of shape `(num_features, num_outputs)`.

    Returns:
        A tensor of the dtype of `inputs`.

    Example:

    >>> tuple(product_of(np.ones((3, 2)), np.ones((2, 4))).shape)
    (3, 4)
    """
    dtype = _arithmetic.get().product_dtype
    if dtype is None:
        return ops.matmul(inputs, kernel)
    if keras.backend.backend() == "jax":
        return jax_product(inputs, kernel, dtype)
    outputs = ops.matmul(ops.cast(inputs, dtype), ops.cast(kernel, dtype))
    return ops.cast(outputs, inputs.dtype)


def is_fused() -> bool:
    """Whether layers should use fewer operations: in a training step.

    Example:

    >>> is_fused()
    False
    """
    return _arithmetic.get().is_fused


def activation_for_training(activation: Callable | None) -> Callable | None:
    """The same activation, with fewer operations in a training step.

    Args:
        activation: A function, or `None`.

    Returns:
        A function, or `None`.

    Example:

    >>> activation_for_training(keras.activations.relu).__name__
    'relu'
    """
    if not is_fused():
        return activation
    if activation is keras.activations.gelu:
        return _gelu
    if _is_approximate_gelu(activation):
        return _gelu_approximate
    return activation


def _is_approximate_gelu(activation) -> bool:
    """Whether it is the approximate GELU of keras-hub or `set_activation`."""
    keras_hubs = keras.saving.get_registered_object(_KERAS_HUBS_GELU)
    if activation is not None and activation is keras_hubs:
        return True
    options = getattr(activation, "keywords", None)
    is_gelu = getattr(activation, "func", None) is keras.activations.gelu
    return is_gelu and options == {"approximate": True}


# If no compiler fuses operations, each of them reads and writes a whole tensor.
# The derivatives reuse values that are computed anyway.


def _gelu_approximate(inputs):
    # x (1 + tanh(u / 2)) / 2 = x sigmoid(u)
    linear = 2 * math.sqrt(2 / math.pi)
    cubic = linear * 0.044715
    squares = ops.square(inputs)
    shares = ops.sigmoid(inputs * (linear + cubic * squares))
    outputs = inputs * shares
    slopes = (outputs - outputs * shares) * (linear + 3 * cubic * squares)
    return _with_slopes(inputs, outputs, shares + slopes)


def _gelu(inputs):
    shares = 0.5 + 0.5 * ops.erf(inputs * math.sqrt(0.5))
    outputs = inputs * shares
    density = ops.exp(-0.5 * ops.square(inputs))
    slopes = inputs * density * math.sqrt(0.5 / math.pi)
    return _with_slopes(inputs, outputs, shares + slopes)


def _with_slopes(inputs, outputs, slopes):
    """Returns the outputs, with the slopes as their derivatives.

    `ops.custom_gradient` would do the same, but TensorFlow keeps every graph
    that calls it until the process ends: 70 MB per training.
    """
    zeros = inputs - ops.stop_gradient(inputs)
    return ops.stop_gradient(outputs) + zeros * ops.stop_gradient(slopes)
