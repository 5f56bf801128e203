"""Thousands of malformed requests to a server; it answers all the same.

PYTHONPATH=tests python -m campaign.served_requests [--requests 10000]
    [--first SEED] [--clients 8]

Takes some minutes on two cores. Exits with 1 where anything is wrong: an
answer of 500 or above, none where one is due, an error without OpenAI's body,
anything that is logged as an error, or another answer to a good request.
"""

import argparse
import collections
import concurrent.futures
import http.client
import json
import logging
import socket
import sys
import time

import keras
from support import models
from support.serving import posted
from support.serving import running
from support.texts import SENTENCES

from campaign.malformed_requests import malformed_request
from keras_mirror.search import Index
from keras_mirror.serving.app import create_app
from keras_mirror.serving.limits import Limits

LIMITS = {"receive_seconds": 1, "max_body_bytes": 2**20, "max_texts": 100}
MAX_SECONDS = 20
REFUSALS = {400, 403, 404, 405, 408, 413, 415, 429}
GOOD = posted(json.dumps({"input": SENTENCES}).encode())
OWN = "application/json"


def try_all(seeds, num_clients=8, model=None):
    """What came of each request, counted, and a list of what is wrong."""
    model = models.make_model() if model is None else model
    index = Index(model)
    index.add(SENTENCES)
    app = create_app(model, index, limits=Limits(**LIMITS))
    errors = _Errors()
    logging.getLogger().addHandler(errors)
    try:
        with (
            running(app, **LIMITS) as (_, address),
            concurrent.futures.ThreadPoolExecutor(num_clients) as pool,
        ):
            expected = _answer(address, GOOD)
            tried = pool.map(lambda seed: _try(address, seed), seeds)
            counts, wrong = collections.Counter(), []
            for seed, (what, is_wrong) in zip(seeds, tried, strict=True):
                counts[what] += 1
                if is_wrong:
                    wrong.append(f"seed {seed}: {what}")
            if _answer(address, GOOD) != expected:
                wrong.append("a good request is answered otherwise")
    finally:
        logging.getLogger().removeHandler(errors)
    return counts, wrong + errors.messages


class _Errors(logging.Handler):
    """Notes what is logged as an error."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.messages = []

    def emit(self, record):
        self.messages.append(self.format(record)[-2000:])


def _try(address, seed):
    """What the answer is, and whether it is wrong."""
    start, request = time.monotonic(), malformed_request(seed)
    try:
        status, kind, body = _answer(address, request)
    except http.client.RemoteDisconnected:
        return "closed, headers without an end", b"\r\n\r\n" in request
    except ConnectionResetError:
        return "reset, large and refused before its end", len(request) < 10**5
    except TimeoutError:
        return f"no end after {MAX_SECONDS} seconds", True
    if time.monotonic() - start > MAX_SECONDS:
        return f"{status} after more than {MAX_SECONDS} seconds", True
    if status not in REFUSALS:
        return str(status), status != 200
    if kind != OWN:  # uvicorn's, for what is no HTTP
        return f"{status} by uvicorn", status != 400
    return str(status), bool(body) and not _is_openais(body)


def _answer(address, request):
    with socket.create_connection(address, timeout=MAX_SECONDS) as connection:
        try:
            connection.sendall(request)
        except ConnectionError:
            pass  # refused before all of it was sent; the answer may be there
        method = "HEAD" if request.startswith(b"HEAD ") else "POST"
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        return (
            response.status,
            response.headers["content-type"],
            response.read(),
        )


def _is_openais(body):
    error = json.loads(body)["error"]
    return list(error) == ["message", "type", "param", "code"] and all(
        isinstance(error[name], str) and error[name]
        for name in ("message", "type")
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    start = time.monotonic()
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    keras.utils.set_random_seed(0)
    seeds = range(options.first, options.first + options.requests)
    counts, wrong = try_all(seeds, options.clients)
    for what, count in counts.most_common():
        print(f"{count:6}  {what}")
    seconds = time.monotonic() - start
    print(f"{len(seeds)} requests, {seconds:.0f} seconds, {len(wrong)} wrong")
    print(*wrong[:50], sep="\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
