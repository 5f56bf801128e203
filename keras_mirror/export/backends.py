"""Which backends can write a format.

Kept in a separate file, which the command line reads before it imports Keras.
"""

from keras_mirror.startup import BACKENDS

# The command line uses the first one that is installed.
EXPORT_BACKENDS = {
    "sentence-transformers": BACKENDS,
    "keras": BACKENDS,
    "onnx": ("tensorflow", "torch"),
    "openvino": ("tensorflow", "torch"),
    "saved_model": ("tensorflow",),
    "litert": ("tensorflow",),
    "static": BACKENDS,
}


def check_export_backend(format: str, backend: str) -> None:
    """Raises a ValueError if a backend cannot write a format.

    Args:
        format: String, a key of `EXPORT_BACKENDS`.
        backend: String, `keras.backend.backend()`.

    Raises:
        ValueError: Keras cannot convert a model with inputs of any length on
            this backend; the message says what to do instead.

    Example:

    >>> check_export_backend("onnx", "torch")
    """
    able = EXPORT_BACKENDS[format]
    if backend not in able:
        raise ValueError(
            f"format={format!r} is written on the backend "
            f"{' or '.join(able)}. Received: the backend {backend}. Save the "
            f"model and run `keras-mirror export encoder.keras --format "
            f"{format} --output ...`, which chooses its backend itself, or "
            f"load the archive where KERAS_BACKEND={able[0]}"
        )
