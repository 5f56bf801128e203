"""Names of archives that differ in the seed of their training alone."""

import os
import re

_SEED = re.compile(r"\.seed(\d+)(?=\.[^./]+$)")


def seed_path(path: str, seed: int) -> str:
    """The file of one seed.

    Example:

    >>> seed_path("encoder.keras", 3)
    'encoder.seed3.keras'
    """
    stem, suffix = os.path.splitext(path)
    return f"{stem}.seed{seed}{suffix}"


def without_seed(path: str) -> str:
    """The name that the files of all seeds have in common.

    Example:

    >>> without_seed("encoder.seed3.keras"), without_seed("other.keras")
    ('encoder.keras', 'other.keras')
    """
    return _SEED.sub("", path)
