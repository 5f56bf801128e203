import json

from keras_mirror.data import read_lines
from keras_mirror.evaluation.readers.row import Row


def read_json_rows(path):
    """The texts of a JSON lines file of BEIR.

    Args:
        path: Path of a file with an object a line: `_id`, `text`, and maybe
            `title`.

    Returns:
        A dict from ids to `Row`s of one cell, the title and the text.

    Raises:
        ValueError: A line is no such object, or has the id of another one.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "corpus.jsonl")
    >>> _ = path.write_text('{"_id": "7", "title": "Cats", "text": "purr."}')
    >>> read_json_rows(path)["7"].cells
    ['Cats purr.']
    """
    rows = {}
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        key, text = _parse(path, number, line)
        if key in rows:
            raise ValueError(
                f"{path}, line {number} must have an `_id` of its own. "
                f"Received: {key!r}, which line {rows[key].line} has"
            )
        rows[key] = Row(path, number, [text])
    return rows


def _parse(path, number, line):
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise ValueError(
            f"{path}, line {number} is not JSON: {error}"
        ) from error
    if not isinstance(entry, dict) or not {"_id", "text"} <= entry.keys():
        raise ValueError(
            f"{path}, line {number} must be an object with `_id` and `text`. "
            f"Received: {line[:200]}"
        )
    parts = [entry.get("title") or "", entry["text"] or ""]
    if not all(isinstance(part, str) for part in parts):
        raise ValueError(
            f"{path}, line {number}: `title` and `text` must be strings. "
            f"Received: {line[:200]}"
        )
    text = " ".join(parts)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{path}, line {number} must be valid Unicode. "
            f"Received: {line[:200]}"
        ) from error
    return str(entry["_id"]), text
