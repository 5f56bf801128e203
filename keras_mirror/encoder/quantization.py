import contextlib
import gc
from collections.abc import Iterator

import keras

# The layers that Keras can quantize; it would warn about all others.
_WITH_KERNEL = (
    keras.layers.Dense,
    keras.layers.EinsumDense,
    keras.layers.Embedding,
)


def quantize(model, mode: str | None, config=None) -> None:
    """Quantizes an encoder to int8: see `MirrorModel.quantize`."""
    if mode != "int8":
        raise ValueError(
            "`mode` must be 'int8': archives with other modes do not load as "
            f"they were saved. Received: mode={mode!r}"
        )
    if is_quantized(model):
        raise ValueError(
            "`model` is quantized already: load the archive saved before "
            "quantization"
        )
    with _quick_collections():
        model.encoder.quantize(mode, config=config, filters=_has_kernel)
    # Its momenta are those of the float kernels.
    model.optimizer = None
    model.compiled = False
    model.train_function = model.test_function = model.predict_function = None


def is_quantized(model) -> bool:
    """Whether a `MirrorModel` has int8 kernels.

    >>> is_quantized(model)
    False
    """
    layers = model.encoder._flatten_layers()
    return any(layer.quantization_mode for layer in layers)


def _has_kernel(layer) -> bool:
    return isinstance(layer, _WITH_KERNEL)


@contextlib.contextmanager
def _quick_collections() -> Iterator[None]:
    """Makes the garbage collector skip all existing objects.

    Keras 3.15 collects garbage after every layer, which takes nearly a second
    with a framework imported.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
