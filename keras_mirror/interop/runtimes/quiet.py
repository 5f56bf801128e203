import contextlib
import logging
import warnings


@contextlib.contextmanager
def quiet(name):
    """Keeps what a converter notes on its way from the screen.

    Errors stay errors.

    Args:
        name: String, the logger of the library.

    Example:

    >>> import logging
    >>> with quiet("torch.onnx"):
    ...     logging.getLogger("torch.onnx").warning("torchvision is missing")
    """
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
