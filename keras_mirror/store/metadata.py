"""Metadata of documents: allowed values, and how they are compared."""

import json
import math
import re
from collections.abc import Iterable
from collections.abc import Mapping

from keras_mirror.store.where import NUMBER
from keras_mirror.store.where import TEXT

_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,14})")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,14})\.\d{1,14}")


def metadata_json(metadata: Mapping | None) -> str:
    """A document's metadata as JSON.

    Args:
        metadata: A mapping of names to strings, numbers, booleans or `None`;
            or `None`.

    Returns:
        A string.

    Raises:
        TypeError: It holds something else.
        ValueError: A name cannot be used in conditions, or a number is not
            finite.

    Example:

    >>> metadata_json({"source": "mail", "year": 2026})
    '{"source": "mail", "year": 2026}'
    """
    if metadata is None:
        return "{}"
    if not isinstance(metadata, Mapping):
        raise TypeError(
            "The metadata of a text must be a dict such as "
            f'{{"source": "mail"}}. Received: {type(metadata).__name__}'
        )
    return json.dumps(
        {_checked_name(k): _checked_value(k, v) for k, v in metadata.items()},
        ensure_ascii=False,
    )


def column_types(
    before: Mapping[str, str | None], metadata: Iterable[Mapping | None]
) -> dict[str, str | None]:
    """Updates how the columns of metadata are compared.

    A column holds numbers as long as all of its values are numbers, or texts
    that are a number in its normal form: `"007"` and `"1.10"` are texts.

    Args:
        before: Dict of names, and `"number"`, `"text"` or `None`.
        metadata: Iterable of mappings.

    Returns:
        A dict as `before`.

    Example:

    >>> column_types({}, [{"year": "2026"}, {"year": "", "zip": "007"}])
    {'year': 'number', 'zip': 'text'}
    """
    types = dict(before)
    for each in metadata:
        for name, value in (each or {}).items():
            held = types.setdefault(name, None)
            if held != TEXT and value not in (None, ""):
                types[name] = NUMBER if _is_number(value) else TEXT
    return types


def _is_number(value) -> bool:
    if not isinstance(value, str):
        return True
    if _WHOLE.fullmatch(value):
        return value != "-0"
    return bool(_DECIMAL.fullmatch(value)) and str(float(value)) == value


def _checked_name(name) -> str:
    if not isinstance(name, str) or not name.strip() or '"' in name:
        raise ValueError(
            "The names of metadata must be strings without double quotes. "
            f"Received: {name!r}"
        )
    name.encode()  # no lone surrogates
    return name


def _checked_value(name: str, value):
    value = value.item() if hasattr(value, "item") else value  # of NumPy
    if not isinstance(value, (str, int, float, bool, type(None))):
        raise TypeError(
            "Metadata must be strings, numbers, booleans or None. Received: "
            f"{type(value).__name__} in {name!r}"
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(
            f"Metadata must be finite. Received: {value} in {name!r}"
        )
    if isinstance(value, str):
        value.encode()
    return value
