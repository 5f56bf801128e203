import json
import re
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from keras_mirror.data.open_binary import AnyPath

_HALVES = re.compile("[\ud800-\udfff]")


def json_rows(
    lines: Iterable[str],
    path: AnyPath,
    names: Iterable[str] = (),
    errors: str = "strict",
) -> Iterator[dict[str, Any]]:
    """Yields the objects of JSON lines; blank lines are skipped.

    Args:
        lines: Iterable of strings.
        path: Path of the file, for messages.
        names: Strings, the keys that an object must not repeat. Defaults to
            none.
        errors: String. Whether a lone surrogate, which JSON can escape and
            UTF-8 cannot hold, raises an error (`"strict"`) or becomes U+FFFD
            (`"replace"`). Defaults to `"strict"`.

    Yields:
        Dicts.

    Raises:
        ValueError: A line is not a JSON object, is not valid Unicode, or
            repeats a key.

    Example:

    >>> list(json_rows(['{"text": "a man"}', ""], "texts.jsonl"))
    [{'text': 'a man'}]
    """
    keys = {f'"{name}"': name for name in names}
    decode = json.JSONDecoder().decode  # `json.loads` would look for more data
    for number, line in enumerate(lines, start=1):
        try:
            row = decode(line)
        except (ValueError, RecursionError) as error:
            if not line.strip():
                continue
            raise ValueError(
                f"{path}, line {number} is not JSON: {error}. Expected one "
                "object per line"
            ) from error
        if not isinstance(row, dict):
            raise ValueError(
                f"{path}, line {number} must be a JSON object. Received: "
                f"{type(row).__name__}"
            )
        for key in keys:
            if line.count(key) > 1:  # also if it is a value, which is rare
                _check_single(line, keys[key], f"{path}, line {number}")
        if "\\ud" in line or "\\uD" in line:
            row = _whole_characters(row, errors, f"{path}, line {number}")
        yield row


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
    if half is None:  # the two surrogates of a character
        return row
    if errors == "replace":
        return json.loads(_HALVES.sub("\ufffd", text))
    raise ValueError(
        f"{place} must be valid Unicode. Received: the lone surrogate "
        f"\\u{ord(half[0]):04x}. Correct it, or read it with `errors` "
        "(`--errors replace`)"
    )
