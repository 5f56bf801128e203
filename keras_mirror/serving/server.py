"""Runs uvicorn as a standalone server."""

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import LOGGING_CONFIG
from uvicorn.protocols.http.h11_impl import H11Protocol

from keras_mirror.serving.limits import Limits

# Half of the usual limit of open files per process.
MAX_CONNECTIONS = 512


def listening_socket(host: str, port: int) -> socket.socket:
    """Binds an address, before a model is loaded in vain.

    Args:
        host: String, a name or an address.
        port: Integer; `0` for any free port.

    Returns:
        A listening `socket`. Clients wait until a `Server` runs on it.

    Raises:
        OSError: The address is in use, or not on this machine.

    Example:

    >>> with listening_socket("127.0.0.1", 0) as listening:
    ...     listening.getsockname()[0]
    '127.0.0.1'
    """
    try:
        [(*kind, _, address), *_] = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        return _listening(kind, address)
    except OSError as error:
        cure = ". Choose another with --port"
        raise OSError(
            f"'{host}:{port}' cannot be listened on: {error.strerror}"
            f"{cure if error.errno == errno.EADDRINUSE else ''}"
        ) from error


def _listening(kind: list, address: tuple) -> socket.socket:
    # Not `socket.create_server`, which does not say that this is TCP: asyncio
    # then leaves Nagle's algorithm on, and every answer takes 40 ms.
    listening = socket.socket(*kind)
    try:
        if os.name == "posix":  # on Windows it would steal ports
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening


class Server(uvicorn.Server):
    """A `uvicorn.Server` that stops when `stop` was called.

    It does not handle signals: uvicorn would raise them again at its end, and
    the process would end as if killed.

    Args:
        app: The application.
        limits: A `Limits`.
        on_ready: Function without arguments, called when clients can connect.
        log: Boolean, whether uvicorn logs what it does and every request.
            Defaults to `False`: failures only.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        on_ready: Callable[[], object],
        log: bool = False,
    ) -> None:
        self.on_ready = on_ready
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=_protocol(limits.receive_seconds),
            ws="none",
            lifespan="off",
            log_config=LOGGING_CONFIG if log else None,
            access_log=log,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=limits.answer_seconds,
        )
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_ready()

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore
        return contextlib.nullcontext()

    def stop(self) -> None:
        """Accepts no new connections; ends once all requests are answered."""
        self.should_exit = True


def _protocol(seconds: int) -> type[asyncio.Protocol]:
    class TimedProtocol(H11Protocol):
        """Closes a connection that has not sent all headers in time.

        uvicorn 0.54 would wait forever, also for the rest of a refused body.
        """

        _closing: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._await_request()

        def data_received(self, data: bytes) -> None:
            self._await_request()
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._stop_waiting()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def _await_request(self) -> None:
            if self._closing is None:
                close = self.transport.close
                self._closing = self.loop.call_later(seconds, close)

        def _stop_waiting(self) -> None:
            if self._closing is not None:
                self._closing.cancel()
                self._closing = None

    return TimedProtocol
