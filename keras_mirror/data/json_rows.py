import json
import re
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from keras_mirror.data.open_binary import AnyPath

_HALF_ESCAPES = re.compile(r"\\u[dD][89a-fA-F]")
_HALVES = re.compile("[\ud800-\udfff]")


def json_rows(
    lines: Iterable[str],
    path: AnyPath,
    names: Iterable[str] = (),
    errors: str = "strict",
) -> Iterator[dict[str, Any]]:
    """The objects of JSON lines; blank lines are left out.

    Args:
        lines: Iterable of strings.
        path: Path of the file, for messages.
        names: Strings, the keys that an object must not have twice. Defaults
            to none.
        errors: String. Whether half a character, which JSON can escape and
            UTF-8 cannot hold, raises (`"strict"`) or becomes U+FFFD
            (`"replace"`). Defaults to `"strict"`.

    Yields:
        Dicts.

    Raises:
        ValueError: A line is no JSON object, or not of valid Unicode, or has
            a key twice.

    Example:

    >>> list(json_rows(['{"text": "a man"}', ""], "texts.jsonl"))
    [{'text': 'a man'}]
    """
    keys = [f'"{name}"' for name in names]
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        row = _parsed(line, place)
        for key in keys:
            if line.count(key) > 1:  # also as a value: rare
                _check_single(line, json.loads(key), place)
        if _HALF_ESCAPES.search(line):
            row = _whole_characters(row, errors, place)
        yield row


def _parsed(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{place} is not JSON: {error}. Expected one object a line"
        ) from error
    if not isinstance(row, dict):
        raise ValueError(
            f"{place} must be a JSON object. Received: {type(row).__name__}"
        )
    return row


def _check_single(line: str, name: str, place: str) -> None:
    pairs = json.loads(line, object_pairs_hook=list)
    count = [key for key, _ in pairs].count(name)
    if count > 1:
        raise ValueError(
            f"{place} must have one key {name!r}. Received: {count} of that "
            "name"
        )


def _whole_characters(
    row: dict[str, Any], errors: str, place: str
) -> dict[str, Any]:
    text = json.dumps(row, ensure_ascii=False)
    half = _HALVES.search(text)
    if half is None:  # the two halves of a character
        return row
    if errors == "replace":
        return json.loads(_HALVES.sub("\ufffd", text))
    raise ValueError(
        f"{place} must be valid Unicode. Received: the lone surrogate "
        f"\\u{ord(half[0]):04x}. Mend it, or read it with `errors` "
        "(`--errors replace`)"
    )
