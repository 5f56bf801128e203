"""Search among many texts: exact and approximate, how fast, how alike.

python benchmarks/search.py ENCODER.keras CORPUS

CORPUS is a text file, a text a line, plain or *.xz; lines are taken from all
over it, and the queries are other lines of it. Prints, for every number of
texts, the milliseconds of a query that is encoded already (median and 95th
percentile, one query at a time), recall@10 against exact search, the seconds
that building, saving and loading take, and the size of the file. Then what
encoding takes, and near duplicates and clusters of the first 10,000 texts.
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
from keras_mirror.search.index_file import IndexContent
from keras_mirror.search.index_file import read_index
from keras_mirror.search.index_file import write_index
from keras_mirror.search.unit_embeddings import unit_embeddings
from keras_mirror.search.vector_search import VectorSearch

COLUMNS = ["texts", "search", "ms a query", "95%", "recall@10"]
COLUMNS += ["build s", "save s", "load s", "MB"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive")
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10**4, 10**5])
    parser.add_argument("--num-queries", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    model = keras.saving.load_model(arguments.archive)
    texts, queries = read(arguments)
    encoding = {}
    with measured(encoding, f"encoding {len(texts)} texts"):
        vectors = unit_embeddings(model, texts)
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
    truth = VectorSearch(vectors, exact=True).nearest(queries, 10)[1]
    for exact in (True, False):
        seconds, search = {}, VectorSearch(vectors, exact)
        with measured(seconds, "build"):
            graph = search.graph_bytes()
        found, milliseconds = ask(search, queries)
        size = save_and_load(seconds, texts, vectors, graph)
        hits = map(np.intersect1d, found, truth)
        yield [
            f"{len(texts):,}",
            "exact" if exact else "approximate",
            f"{np.median(milliseconds):.2f}",
            f"{np.percentile(milliseconds, 95):.2f}",
            f"{np.mean([len(each) / 10 for each in hits]):.4f}",
            *(f"{seconds[name]:.1f}" for name in ("build", "save", "load")),
            f"{size / 1e6:.0f}",
        ]


def ask(search, queries):
    found, milliseconds = [], []
    for query in queries:
        start = time.perf_counter()
        _, places = search.nearest(query[np.newaxis], 10)
        milliseconds.append(1e3 * (time.perf_counter() - start))
        found.append(places[0])
    return found, milliseconds


def save_and_load(seconds, texts, vectors, graph):
    content = IndexContent("0" * 16, None, None, texts, vectors, graph)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "index")
        with measured(seconds, "save"):
            write_index(path, content)
        with measured(seconds, "load"):
            read = read_index(path)
            VectorSearch(read.embeddings, None, read.graph)
        return os.path.getsize(path)


if __name__ == "__main__":
    main()
