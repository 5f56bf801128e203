"""A server under load: ours beside sentence-transformers behind FastAPI.

python benchmarks/serving.py FOLDER TEXTS [--clients 1 8 32] [--seconds 20]

FOLDER is one of sentence-transformers, which both load; TEXTS is a text file,
a text a line. Clients ask for the vectors of texts of their own, one request
after the other. Both servers run all the time and are asked in turns; printed
are texts a second and the latency of a request, the middle of all rounds.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

import numpy as np
from rich.console import Console
from rich.table import Table

PATH = "/v1/embeddings"
OURS = "import keras_mirror_cli; keras_mirror_cli.main()"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("texts")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--texts-per-request", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backend", help="Keras's; default: OpenVINO")
    parser.add_argument("--only", choices=["ours", "theirs"])
    parser.add_argument("--side", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side is not None:
        serve_sentence_transformers(arguments.folder, arguments.side)
        return

    with open(arguments.texts, encoding="utf-8") as file:
        texts = list(dict.fromkeys(filter(None, map(str.strip, file))))
    columns = ["server", "clients", "texts/s", "p50 ms", "p99 ms", "refused"]
    table = Table(*columns)
    with contextlib.ExitStack() as stack:
        ports = {
            name: stack.enter_context(started(command))
            for name, command in commands(arguments)
        }
        check_same(ports, texts[:64])
        for num_clients in arguments.clients:
            rounds = {name: [] for name in ports}
            for number in range(arguments.rounds):
                for name, port in ports.items():
                    draw = random.Random(number)
                    work = load(port, texts, num_clients, draw, arguments)
                    rounds[name].append(asyncio.run(work))
            for name, found in rounds.items():
                middle = [
                    statistics.median(x) for x in zip(*found, strict=True)
                ]
                numbers = [f"{number:.1f}" for number in middle]
                table.add_row(name, str(num_clients), *numbers)
    Console(width=100).print(table)


# === Servers ===


def commands(arguments):
    if arguments.only != "theirs":
        options = ["serve", arguments.folder]
        if arguments.backend:
            options += ["--backend", arguments.backend]
        yield "keras-mirror serve", ["-c", OURS, *options, "--port"]
    if arguments.only != "ours":
        options = [__file__, arguments.folder, arguments.texts, "--side"]
        yield "sentence-transformers, FastAPI", options


@contextlib.contextmanager
def started(command):
    """Runs a server on a free port, which is given when it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, *command, str(port)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                vectors(port, ["warm up"])
                break
            except OSError:
                if process.poll() is not None:
                    raise
                time.sleep(0.5)
        yield port
    finally:
        process.terminate()
        process.wait()


def serve_sentence_transformers(folder, port):
    """What most write: `encode` in a route that FastAPI runs in a thread."""
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(folder)
    app = FastAPI()

    class Texts(BaseModel):
        input: list[str]

    def embeddings(request: Texts):
        found = model.encode(request.input, normalize_embeddings=True)
        rows = enumerate(found.tolist())
        return {"data": [{"index": i, "embedding": row} for i, row in rows]}

    app.post(PATH)(embeddings)
    uvicorn.run(app, port=port, log_level="critical")


def vectors(port, texts):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{PATH}",
        json.dumps({"input": texts}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        data = json.load(response)["data"]
    return np.array([each["embedding"] for each in data])


def check_same(ports, texts):
    found = [vectors(port, texts) for port in ports.values()]
    difference = max(np.abs(each - found[0]).max() for each in found)
    print(f"largest difference of {len(texts)} vectors: {difference:.1e}")


# === Load ===


async def load(port, texts, num_clients, draw, arguments):
    """Texts a second, 50th and 99th percentile in ms, number of refusals."""
    latencies, refused = [], []
    start = time.perf_counter()
    end = start + arguments.seconds

    async def ask():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (begin := time.perf_counter()) < end:
            chosen = draw.sample(texts, arguments.texts_per_request)
            writer.write(written(chosen))
            status = await answered(reader)
            latency = 1000 * (time.perf_counter() - begin)
            (latencies if status == 200 else refused).append(latency)
        writer.close()

    await asyncio.gather(*(ask() for _ in range(num_clients)))
    seconds = time.perf_counter() - start
    num_texts = len(latencies) * arguments.texts_per_request
    percentiles = np.percentile(latencies, [50, 99])
    return num_texts / seconds, *percentiles, len(refused)


def written(texts):
    body = json.dumps({"input": texts}).encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    head += "Content-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def answered(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = head.partition("content-length:")[2].split()[0]
    await reader.readexactly(int(length))
    return int(head.split()[1])


if __name__ == "__main__":
    main()
