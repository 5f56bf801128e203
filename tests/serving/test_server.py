"""uvicorn before it: connections that lie, stall or go, and the end."""

import concurrent.futures
import json
import socket
import threading
import time

import httpx2
import pytest
from support.serving import posted
from support.serving import running
from support.serving import sent

from keras_mirror.serving.app import create_app
from keras_mirror.serving.limits import Limits
from keras_mirror.serving.server import listening_socket

BODY = b'{"input": "a man"}'
CLOSE = "Connection: close"
CLOSING = posted(BODY, "/v1/embeddings", len(BODY), CLOSE)


@pytest.fixture(scope="module")
def address(model):
    limits = {"receive_seconds": 1, "max_body_bytes": 2**20}
    app = create_app(model, limits=Limits(**limits))
    with running(app, **limits) as (_, address):
        yield address


def status(answer):
    return int(answer.split()[1]) if answer else None


def test_a_whole_request(address):
    answer = sent(address, CLOSING)
    assert status(answer) == 200
    assert b"\r\nserver:" not in answer.lower()
    assert len(json.loads(answer.partition(b"\r\n\r\n")[2])["data"]) == 1


def test_a_body_that_stops(address):
    answer = sent(address, posted(BODY, length=100))
    assert status(answer) == 408
    assert b"within 1 seconds" in answer


@pytest.mark.parametrize("start", [b"", b"G", b"POST / HTTP/1.1\r\nHost: x"])
def test_headers_that_stop(address, start):
    begin = time.monotonic()
    assert sent(address, start) == b""
    assert 0.5 < time.monotonic() - begin < 5


def test_headers_that_drip(address):
    with socket.create_connection(address, timeout=10) as connection:
        begin = time.monotonic()
        with pytest.raises(OSError):
            for _ in range(100):
                connection.sendall(b"G")
                time.sleep(0.1)
        assert time.monotonic() - begin < 5


def test_the_rest_of_a_refused_body_that_drips(address):
    start = posted(BODY, length=10_000).replace(b"/json", b"/other")
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(start)
        begin = time.monotonic()
        assert status(connection.recv(100)) == 415
        with pytest.raises(OSError):
            for _ in range(100):
                connection.sendall(b" ")
                time.sleep(0.1)
        assert time.monotonic() - begin < 5


@pytest.mark.parametrize(
    "request_bytes, statuses",
    [
        (
            posted(BODY, "/v1/embeddings", 5, CLOSE),
            {400},
        ),  # the rest is another request
        (posted(BODY, length=-1), {400}),
        (posted(BODY, length="1e3"), {400}),
        (posted(b"x" * 2**21), {413}),
        (posted(BODY, "/v1/embeddings", 18, "Content-Length: 17"), {400}),
        (posted(BODY, "/v1/embeddings", 18, "Host: b"), {400}),
        (posted(BODY, "/v1/embeddings", 18, "X: " + "a" * 2**17), {400, None}),
        (posted(BODY, "/" + "a" * 2**17), {400, None}),
        (posted(BODY, "http://evil.com/search", 18, CLOSE), {404}),
        (b"\x00\xff\r\n\r\n", {400}),
        (b"GET /health HTTP/1.0\r\n\r\n", {403}),
    ],
)
def test_requests_that_lie(address, request_bytes, statuses):
    assert status(sent(address, request_bytes)) in statuses
    assert status(sent(address, CLOSING)) == 200


def test_one_that_goes_amid_its_body(address):
    with socket.create_connection(address) as connection:
        connection.sendall(posted(BODY, length=100))
    assert status(sent(address, CLOSING)) == 200


def test_a_client_that_has_gone_costs_nothing(model, monkeypatch):
    app = create_app(model, limits=Limits(batch_texts=1))
    tokenized = []
    tokenize = model.preprocessor.tokenize

    def slow(texts, prompt=None):
        tokenized.append(texts)
        time.sleep(0.2)
        return tokenize(texts, prompt)

    monkeypatch.setattr(model.preprocessor, "tokenize", slow)
    with running(app) as (_, address):
        with socket.create_connection(address) as connection:
            connection.sendall(
                posted(json.dumps({"input": ["a"] * 50}).encode())
            )
            time.sleep(0.3)
        assert status(sent(address, CLOSING)) == 200
    assert 0 < len(tokenized) < 10


def test_the_end_answers_what_was_asked(model, monkeypatch):
    app = create_app(model)
    started = threading.Event()
    tokenize = model.preprocessor.tokenize

    def slow(texts, prompt=None):
        started.set()
        time.sleep(0.5)
        return tokenize(texts, prompt)

    monkeypatch.setattr(model.preprocessor, "tokenize", slow)
    with (
        concurrent.futures.ThreadPoolExecutor(1) as pool,
        running(app) as (server, address),
        socket.create_connection(address) as idle,
    ):
        asked = pool.submit(sent, address, CLOSING)
        assert started.wait(10)
        server.stop()
        time.sleep(0.3)
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"http://127.0.0.1:{address[1]}/health")
        assert status(asked.result()) == 200
        assert idle.recv(1) == b""


def test_answers_are_not_held_back():
    # Of sockets that say they are TCP asyncio turns Nagle's algorithm off.
    with listening_socket("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_an_address_that_is_taken():
    with listening_socket("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(OSError, match="Choose another with --port"):
            listening_socket("127.0.0.1", port)


def test_an_address_of_no_machine():
    with pytest.raises(OSError, match="'256.0.0.1:0' cannot be listened on"):
        listening_socket("256.0.0.1", 0)
