import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.requests import Request

from keras_mirror.serving.request_error import RequestError


async def unless_gone(
    request: Request, work: Coroutine[Any, Any, list]
) -> list:
    """Awaits `work`, or raises as soon as the client has disconnected.

    Args:
        request: A `Request` whose body was read.
        work: A coroutine, which is cancelled then.

    Raises:
        RequestError: The client has disconnected.
    """
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise RequestError("The connection was closed")
    finally:
        working.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
