"""Search among many texts: exact and approximate, how fast, how alike.

python benchmarks/search.py ENCODER.keras CORPUS

CORPUS is a text file, a text a line, plain or *.xz; lines are taken from all
over it, and the queries are other lines of it. Prints, for every number of
texts, the milliseconds of a query that is encoded already (median and 95th
percentile, one query at a time), recall@10 against exact search, the seconds
that building the folder, opening it, adding 1,000 texts and removing 1,000
take, and its size. Then what encoding takes, and near duplicates and clusters
of the first 10,000 texts. `--vectors FILE.npy` keeps the vectors for the next
run.
"""

import argparse
import contextlib
import lzma
import os
import pathlib
import tempfile
import time

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

from keras_mirror.search import cluster
from keras_mirror.search import find_duplicates
from keras_mirror.search.unit_embeddings import unit_embeddings
from keras_mirror.store.answers import find_answers
from keras_mirror.store.batch import Batch
from keras_mirror.store.batch import put
from keras_mirror.store.batch import remove
from keras_mirror.store.store import Store

COLUMNS = ["texts", "search", "ms a query", "95%", "recall@10"]
COLUMNS += ["build s", "open s", "add s", "remove s", "MB"]
NUM_CHANGED = 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive")
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10**4, 10**5])
    parser.add_argument("--num-queries", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vectors", type=pathlib.Path)
    arguments = parser.parse_args()

    model = keras.saving.load_model(arguments.archive)
    texts, queries = read(arguments)
    encoding = {}
    vectors = kept_vectors(arguments.vectors, len(texts))
    if vectors is None:
        with measured(encoding, f"encoding {len(texts)} texts"):
            vectors = unit_embeddings(model, texts)
        if arguments.vectors:
            np.save(arguments.vectors, vectors)
    encoded = np.concatenate([unit_embeddings(model, [q]) for q in queries])
    with measured(encoding, f"encoding {len(queries)} queries one by one"):
        for query in queries:
            unit_embeddings(model, [query])
    table = Table(*COLUMNS)
    for size in arguments.sizes:
        for row in rows(texts[:size], vectors[:size], encoded):
            table.add_row(*row)
    console = Console(width=120)
    console.print(table)
    with measured(encoding, "duplicates of 10,000 texts, with encoding"):
        find_duplicates(model, texts[:10_000])
    for options in ({"num_clusters": 50}, {"threshold": 0.8}):
        name = f"clusters of 10,000 texts, with encoding, {options}"
        with measured(encoding, name):
            cluster(model, texts[:10_000], **options)
    for name, seconds in encoding.items():
        console.print(f"{name}: {seconds:.1f} s")


def kept_vectors(path, number):
    """The vectors of an earlier run with the same corpus, sizes and seed."""
    if path is None or not path.exists():
        return None
    vectors = np.load(path, mmap_mode="r")
    if len(vectors) != number:
        raise ValueError(
            f"{path} must hold {number} vectors, not {len(vectors)}"
        )
    return vectors


def read(arguments):
    """Texts and queries, different ones, from all over the corpus."""
    opener = lzma.open if arguments.corpus.suffix == ".xz" else open
    with opener(arguments.corpus, "rt", encoding="utf-8") as file:
        lines = list(dict.fromkeys(filter(None, map(str.strip, file))))
    number = max(arguments.sizes) + arguments.num_queries
    chosen = np.random.default_rng(arguments.seed).choice(
        len(lines), number, replace=False
    )
    chosen = [lines[place] for place in chosen]
    return chosen[arguments.num_queries :], chosen[: arguments.num_queries]


@contextlib.contextmanager
def measured(seconds, name):
    start = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - start


def rows(texts, vectors, queries):
    kept, more = texts[:-NUM_CHANGED], texts[-NUM_CHANGED:]
    by_text = dict(zip(texts, vectors, strict=True))
    truth = None
    for exact in (True, False):
        seconds = {}
        with tempfile.TemporaryDirectory() as folder:
            with measured(seconds, "build"):
                store = Store.new(vectors.shape[1], exact, folder)
                add(store, kept, by_text)
                store.snapshot()  # reads the graph
            with measured(seconds, "open"):
                store = Store.open(folder)
            with measured(seconds, "add"):
                add(store, more, by_text)
            with measured(seconds, "remove"):
                ids = range(1, 1 + NUM_CHANGED)
                remove(store, map(str, ids))
            found, milliseconds = ask(store, queries)
            size = sum(e.stat().st_size for e in os.scandir(folder))
        truth = truth or found
        hits = map(np.intersect1d, found, truth)
        yield [
            f"{len(texts):,}",
            "exact" if exact else "approximate",
            f"{np.median(milliseconds):.2f}",
            f"{np.percentile(milliseconds, 95):.2f}",
            f"{np.mean([len(each) / 10 for each in hits]):.4f}",
            f"{seconds['build']:.1f}",
            *(f"{seconds[name]:.3f}" for name in ("open", "add", "remove")),
            f"{size / 1e6:.0f}",
        ]


def add(store, texts, by_text):
    with store.change():
        put(store, Batch.of(texts), by_text, replace=False)


def ask(store, queries):
    found, milliseconds = [], []
    for query in queries:
        start = time.perf_counter()
        [results] = find_answers(store, [], query[np.newaxis], 10)
        milliseconds.append(1e3 * (time.perf_counter() - start))
        found.append([each.row for each in results])
    return found, milliseconds


if __name__ == "__main__":
    main()
