"""Reads the body of a request: complete, in time, and strict JSON."""

import asyncio
import json
import math
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.requests import Request

from keras_mirror.serving.limits import Limits
from keras_mirror.serving.request_error import RequestError


async def read_json(request: Request, limits: Limits) -> dict[str, Any]:
    """Receives the JSON object of a request.

    Args:
        request: A `Request`.
        limits: A `Limits`.

    Returns:
        A dict.

    Raises:
        RequestError: It is something else, too large or too slow.
    """
    _check_type(request)
    try:
        async with asyncio.timeout(limits.receive_seconds):
            body = await _read(request, limits.max_body_bytes)
    except TimeoutError as error:
        raise RequestError(
            "The request must be received within "
            f"{limits.receive_seconds} seconds",
            408,
            headers={"Connection": "close"},
        ) from error
    except ClientDisconnect as error:
        raise RequestError("The connection was closed", 400) from error
    return parse_object(body)


def parse_object(body: bytes) -> dict[str, Any]:
    """Reads a JSON object as strictly as RFC 8259 allows.

    Args:
        body: Bytes.

    Returns:
        A dict.

    Raises:
        RequestError: It is not UTF-8, not JSON or not an object; a key is
            repeated; a number is not finite; a string holds a lone surrogate;
            or it is nested too deeply.

    Example:

    >>> parse_object(b'{"input": "a man"}')
    {'input': 'a man'}
    """
    try:
        content = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_once,
            parse_constant=_finite,
            parse_float=_finite,
        )
        # Lone surrogates, which a JSON string can escape.
        json.dumps(content, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply"
        if isinstance(error, ValueError):
            reason = str(error)
        raise RequestError(
            f"The body must be JSON in UTF-8. Received: {reason}"
        ) from error
    if not isinstance(content, dict):
        raise RequestError(
            "The body must be a JSON object, such as "
            f'{{"input": "a text"}}. Received: a {type(content).__name__}'
        )
    return content


def _check_type(request: Request) -> None:
    """Accepts JSON only; a foreign web page cannot send it without asking."""
    received = request.headers.get("content-type", "")
    if received.partition(";")[0].strip().lower() != "application/json":
        raise RequestError(
            "The header must say `Content-Type: application/json`. "
            f"Received: {received[:80]!r}",
            415,
        )
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise RequestError(
            "The body must not be compressed. "
            f"Received: Content-Encoding {encoding[:80]!r}",
            415,
        )


async def _read(request: Request, max_bytes: int) -> bytes:
    """Reads the body and counts its bytes: `Content-Length` may be wrong."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise RequestError(
                f"The body must not be larger than {max_bytes:,} bytes. Send "
                "fewer texts at once",
                413,
            )
    return bytes(body)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for name, value in pairs:
        if name in content:
            raise ValueError(f"the key {name[:80]!r} twice")
        content[name] = value
    return content


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"the number {number[:80]}")
    return value
