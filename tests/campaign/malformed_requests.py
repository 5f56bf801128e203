"""Requests that are damaged, lie or mean harm, drawn by a seed."""

import json
import random

from campaign.mutations import WORDS
from campaign.mutations import changed_json
from campaign.mutations import damaged

CONTENTS = {
    "/v1/embeddings": [
        {"input": "a man plays", "model": "x", "encoding_format": "float"},
        {"input": ["a dog", "", "one"], "dimensions": 8, "user": "me"},
        {"input": [[1, 2], [3]], "prompt": "query"},
    ],
    "/search": [
        {"query": "a man", "k": 3},
        {"queries": ["a", "b"], "k": 2, "mode": "hybrid", "where": "a = 'b'"},
    ],
}
PATHS = [
    *("/health", "/metrics", "/v1/models", "/", "*", "//", "/v1/embeddings/"),
    *("/v1/../search", "/%00", "/%ff%fe", "/%0d%0aSet-Cookie:x", "/search?k=1"),
    *("http://evil.com/search", "/" + "a" * 5_000, "/v1/models/x", "", "\x1b"),
]
METHODS = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT"]
METHODS += ["PATCH", "post", "PRI", "P\x00ST", "A" * 300, "", "POST POST"]
VERSIONS = ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "HTTP", ""]
HEADERS = [
    *("Content-Type: text/plain", "Content-Type:", "Content-Type: ;;;=\xff"),
    *("Content-Encoding: gzip", "Content-Encoding: ,", "Accept: \x00"),
    *("Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked"),
    *("Content-Length: 0", "Content-Length: 5, 5", "Content-Length: -1"),
    *("Content-Length: 99999999999999999999", "Content-Length: 1_0"),
    *("Host: evil.com", "Host:", "Host: [::1", "Host: \xff", "Origin: null"),
    *("Authorization: Bearer", "Authorization: \xff\xfe", "Expect: nothing"),
    *("Expect: 100-continue", "Upgrade: websocket", "Connection: Upgrade"),
    *("X: " + "a" * 70_000, "X\x00: y", "X: a\r\n b", "\tX: y", " : "),
    *("no colon", "Cookie: " + "a=b;" * 900, "Range: bytes=0-"),
    "Connection: close, close",
]  # fmt: skip


def malformed_request(seed: int) -> bytes:
    """The bytes of a request; most are wrong in one or two points."""
    draw = random.Random(seed)
    path = draw.choice(list(CONTENTS))
    body = json.dumps(draw.choice(CONTENTS[path])).encode()
    head = ["POST", path, "HTTP/1.1"]
    headers = ["Host: 127.0.0.1", "Content-Type: application/json"]
    lie = 0
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        match draw.choice(
            ["json"] * 6 + ["bytes", "head", "headers", "length"]
        ):
            case "json":
                body = _changed(body, draw)
            case "bytes":
                body = damaged(body, draw)
            case "head":
                place = draw.randrange(3)
                head[place] = draw.choice([METHODS, PATHS, VERSIONS][place])
            case "headers":
                headers = _changed_headers(headers, draw)
            case "length":
                lie = draw.choice([-5, -1, 1, 100, 10**6])
    headers.append(f"Content-Length: {len(body) + lie}")
    lines = [" ".join(head), *headers, "", ""]
    request = "\r\n".join(lines).encode("latin-1") + body
    match draw.choice(["as it is"] * 17 + ["cut", "damaged", "two"]):
        case "cut":
            return request[: draw.randrange(len(request))]
        case "damaged":
            return damaged(request, draw)
        case "two":
            return request + malformed_request(seed + 10**6)
    return request


def _changed(body: bytes, draw: random.Random) -> bytes:
    try:
        return changed_json(body, draw)
    except (ValueError, RecursionError):  # changed already, to no JSON
        return damaged(body, draw)


def _changed_headers(headers: list[str], draw: random.Random) -> list[str]:
    place = draw.randrange(len(headers))
    match draw.choice(["add", "add", "drop", "replace", "word"]):
        case "add":
            return [*headers, draw.choice(HEADERS)]
        case "drop":
            return headers[:place] + headers[place + 1 :]
        case "word":
            word = draw.choice(WORDS)[:9_000].decode("latin-1")
            return [*headers, f"X: {word}"]
    return [*headers[:place], draw.choice(HEADERS), *headers[place + 1 :]]
