"""The one way to import packages that an extra installs."""

import importlib
from types import ModuleType


def import_optional(module: str, extra: str) -> ModuleType:
    """Imports a module that an extra of this package installs.

    Args:
        module: String, the name of the module.
        extra: String, the extra that installs it.

    Returns:
        The module.

    Raises:
        ImportError: It is not installed; the message says which extra to
            install.

    Example:

    >>> import_optional("json", extra="search").dumps([1])
    '[1]'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"`{module}` is needed for this and cannot be imported: {error}. "
            f'Install it with `pip install "keras-mirror[{extra}]"`'
        ) from error
