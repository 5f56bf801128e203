"""Bytes, JSON and lines that are damaged or mean harm, drawn by a seed."""

import copy
import json
import random
import struct

CANARY = "canary"  # a folder beside the tried files that nobody may touch
INTEGERS = [-1, 0, 1, 2, 7, 255, 2**16, 2**31 - 1, 2**31, 2**40, 2**63 - 1]
VALUES = [
    *(None, True, False, "", "x", [], {}, [[]], [None], {"": None}),
    *(0.5, -0.5, 1e308, float("nan"), float("inf"), 10**400),
    *INTEGERS,
    *(f"../{CANARY}/secret.txt", f"../../{CANARY}/secret.txt", "/etc/passwd"),
    *("\0", "\ud800", "a\nb", "\u202e", "x" * 100_000, "float16", "[MASK]"),
    *("function", "Lambda", "keras.layers", "builtins", "eval", "__tensor__"),
]
WORDS = [
    *(b"\0", b'"', b'""', b"'", b"\r", b"\n", b"\r\n", b"\t", b",", b";"),
    *(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe"),
    *(b"\\u0000", b"\\ud800", b"[" * 200_000, b'{"a":' * 100_000),
    *(b"x" * 2**18, b"\n" * 10_000, b"9" * 5_000, b"nan", b"-inf", b"1e999"),
    *(b"\x1b]0;x\x07", "\u2028\u202e\u0085".encode(), b"||", b"\x0c"),
]


def damaged(data: bytes, draw: random.Random) -> bytes:
    """A few of the bytes changed, removed, doubled or cut off."""
    data = bytearray(data)
    for _ in range(draw.choice([1, 1, 2, 5])):
        data = draw.choice(BYTE_CHANGES)(data, draw)
    return bytes(data)


def _place(data, draw: random.Random) -> int:
    """Anywhere, but often where heads and directories are."""
    end = max(1, len(data))
    near = min(end, 600)
    first = draw.randrange(end)
    return draw.choice(
        [first, draw.randrange(near), end - draw.randrange(near)]
    )


def _flip(data, draw):
    for _ in range(draw.choice([1, 8, 64])):
        if data:
            place = min(_place(data, draw), len(data) - 1)
            data[place] ^= 1 << draw.randrange(8)
    return data


def _number(data, draw):
    place, format = _place(data, draw), draw.choice(["<h", "<i", "<q", ">i"])
    size = struct.calcsize(format)
    value = draw.choice(INTEGERS) % 2 ** (8 * size - 1)
    data[place : place + size] = struct.pack(format, value)
    return data


def _overwrite(data, draw):
    place, size = _place(data, draw), draw.choice([1, 4, 100, 5_000])
    size = min(size, max(0, len(data) - place))
    data[place : place + size] = draw.choice(
        [bytes(size), b"\xff" * size, draw.randbytes(size)]
    )
    return data


def _remove(data, draw):
    place = _place(data, draw)
    del data[place : place + draw.choice([1, 10, 1000, 10**9])]
    return data


def _double(data, draw):
    place = _place(data, draw)
    return data[: place + draw.choice([1, 100, 10**4])] + data[place:]


def _insert(data, draw):
    place = _place(data, draw)
    return data[:place] + draw.choice(WORDS) + data[place:]


BYTE_CHANGES = [_flip, _number, _overwrite, _remove, _double, _insert]


def changed_text(data: bytes, draw: random.Random) -> bytes:
    """Lines with what tables and lines break on; some bytes are damaged."""
    for _ in range(draw.choice([1, 1, 3, 20])):
        place = draw.choice(
            [draw.randrange(len(data) + 1), data.find(b"\n") + 1, 0]
        )
        cut = place + draw.choice([0, 0, 1, 30])
        data = data[:place] + draw.choice(WORDS) + data[cut:]
    return data


# === JSON ===


def changed_json(data: bytes, draw: random.Random) -> bytes:
    """JSON of which values or keys are others, or that is no JSON."""
    if draw.random() < 0.15:
        return changed_text(data, draw)
    if draw.random() < 0.03:
        depth = draw.choice([500, 5_000, 100_000])
        return b"[" * depth + data + b"]" * depth
    content = json.loads(data)
    for _ in range(draw.choice([1, 1, 1, 3, 10])):
        content = change_value(content, draw)
    return json.dumps(content).encode()


def change_value(content, draw: random.Random):
    """A copy with one value changed, removed, moved or nested deeply."""
    content = copy.deepcopy(content)
    places = list(_places(content))
    if not places:
        return draw.choice(VALUES)
    parent, key = draw.choice(places)
    match draw.choice(["value"] * 6 + ["drop", "rename", "move", "nest"]):
        case "value":
            parent[key] = draw.choice(VALUES)
        case "drop":
            del parent[key]
        case "rename" if isinstance(parent, dict):
            parent[draw.choice(["", "config", "class_name"])] = parent.pop(key)
        case "move":
            other, place = draw.choice(places)
            parent[key] = copy.deepcopy(other[place])
        case "nest":
            for _ in range(draw.choice([1, 100])):
                parent[key] = draw.choice([[parent[key]], {"a": parent[key]}])
    return content


def _places(content):
    items = []
    if isinstance(content, dict):
        items = list(content.items())
    elif isinstance(content, list):
        # Of a vocabulary, a few tokens say as much as all.
        items = list(enumerate(content))[:30]
    if len(items) > 60:
        items = items[:30] + items[-30:]
    for key, value in items:
        yield content, key
        yield from _places(value)
