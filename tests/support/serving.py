"""Servers in this process, and clients for them."""

import asyncio
import contextlib
import socket
import threading

import httpx2
from starlette.testclient import TestClient

from keras_mirror.serving.app import create_app
from keras_mirror.serving.limits import Limits
from keras_mirror.serving.server import Server
from keras_mirror.serving.server import listening_socket

URL = "http://127.0.0.1"


def client_of(model, index=None, **options):
    """A client of an application that no server stands before."""
    return TestClient(
        create_app(model, index, **options),
        base_url=URL,
        raise_server_exceptions=False,
    )


def post_all(app, requests):
    """Responses to requests `(path, content)` that come at once."""

    async def post():
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(
            transport=transport, base_url=URL
        ) as client:
            return await asyncio.gather(
                *(client.post(path, json=content) for path, content in requests)
            )

    return asyncio.run(post())


@contextlib.contextmanager
def running(app, **limits):
    """A server in a thread; gives it, and the address it listens on."""
    ready = threading.Event()
    with listening_socket("127.0.0.1", 0) as listening:
        server = Server(app, Limits(**limits), ready.set)
        thread = threading.Thread(target=server.run, args=[[listening]])
        address = listening.getsockname()
        thread.start()
        try:
            assert ready.wait(60)
            yield server, address
        finally:
            server.stop()
            thread.join(60)
            assert not thread.is_alive()


def sent(address, request, seconds=10):
    """What a server answers to these bytes, until it closes or is silent."""
    answer = b""
    with socket.create_connection(address, timeout=seconds) as connection:
        # It may close before it has read everything.
        with contextlib.suppress(ConnectionError, TimeoutError):
            connection.sendall(request)
        with contextlib.suppress(ConnectionError, TimeoutError):
            while part := connection.recv(2**16):
                answer += part
    return answer


def posted(body, path="/v1/embeddings", length=None, *headers):
    """The bytes of a request."""
    length = len(body) if length is None else length
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {length}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
