"""Search among many texts: how fast, how alike, and beside other libraries.

python benchmarks/search.py ENCODER.keras CORPUS [--systems txtai ...]

CORPUS is a text file, a text a line, plain or *.xz; lines are taken from all
over it, and the queries are other lines of it. Prints, for every number of
texts and every system, the seconds that building the index, opening it,
adding 1,000 texts and removing 1,000 take, what is on the disk then, the
milliseconds of a query that is encoded already (median and 95th percentile,
one query at a time), recall@10 against exact search, and the memory of a new
process that has opened the index and asked: of its own, without files that
are mapped. Then what encoding takes, and near duplicates and clusters of the
first 10,000 texts. `--vectors FILE.npy` keeps the vectors for the next run.
"""

import argparse
import contextlib
import lzma
import multiprocessing
import pathlib
import tempfile
import time

import keras
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from search_systems import SYSTEMS
from search_systems import num_bytes

COLUMNS = ["texts", "search", "build s", "MB", "open s", "open MB"]
COLUMNS += ["ms a query", "95%", "recall@10", "add s", "remove s"]
NUM_CHANGED = 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive")
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10**4, 10**5])
    parser.add_argument(
        "--systems", nargs="+", default=["exact", "approximate"]
    )
    parser.add_argument("--num-queries", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vectors", type=pathlib.Path)
    arguments = parser.parse_args()

    from keras_mirror.search import cluster
    from keras_mirror.search import find_duplicates
    from keras_mirror.search.unit_embeddings import unit_embeddings

    model = keras.saving.load_model(arguments.archive)
    texts, queries = read(arguments)
    encoding = {}
    vectors = kept_vectors(arguments.vectors, len(texts))
    if vectors is None:
        with measured(encoding, f"encoding {len(texts)} texts"):
            vectors = unit_embeddings(model, texts)
        if arguments.vectors:
            np.save(arguments.vectors, vectors)
    encoded = unit_embeddings(model, queries)
    with measured(encoding, f"encoding {len(queries)} queries one by one"):
        for query in queries:
            unit_embeddings(model, [query])
    console = Console(width=140)
    table = Table(*COLUMNS)
    for size in arguments.sizes:
        for row in rows(arguments.systems, texts[:size], vectors, encoded):
            table.add_row(*row)
            console.print(*row)
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


def rows(names, texts, vectors, queries):
    """A row of the table for each system, which has processes of its own."""
    truth = nearest(vectors[: len(texts) - NUM_CHANGED], queries)
    context = multiprocessing.get_context("spawn")
    for name in names:
        with (
            tempfile.TemporaryDirectory() as folder,
            context.Pool(1, maxtasksperchild=1) as pool,
        ):
            path = pathlib.Path(folder)
            vectors = np.asarray(vectors)
            built = pool.apply(
                build, (name, path, texts, vectors[: len(texts)])
            )
            size = num_bytes(path)
            added = vectors[len(texts) - NUM_CHANGED : len(texts)]
            used = pool.apply(
                use, (name, path, queries, texts[-NUM_CHANGED:], added)
            )
        seconds, memory, found, times = used
        hits = map(np.intersect1d, found, truth)
        yield [
            f"{len(texts):,}",
            name,
            f"{built['build']:.1f}",
            f"{size / 1e6:.0f}",
            f"{seconds['open']:.3f}",
            f"{memory / 1e6:.0f}",
            f"{np.median(times):.2f}",
            f"{np.percentile(times, 95):.2f}",
            f"{np.mean([len(each) / 10 for each in hits]):.4f}",
            f"{seconds['add']:.2f}",
            f"{seconds['remove']:.2f}" if "remove" in seconds else "-",
        ]


def nearest(vectors, queries):
    """The ten nearest of each query, by looking at all."""
    found = []
    for query in queries:
        cosines = vectors @ query
        best = np.argpartition(-cosines, 10)[:10]
        found.append(best[np.argsort(-cosines[best], kind="stable")])
    return found


def build(name, folder, texts, vectors):
    seconds = {}
    system = SYSTEMS[name]()
    with measured(seconds, "build"):
        system.build(folder, texts[:-NUM_CHANGED], vectors[:-NUM_CHANGED])
    return seconds


def use(name, folder, queries, more, vectors):
    seconds = {}
    system = SYSTEMS[name]()
    if name not in ("exact", "approximate"):  # its imports are no memory of it
        __import__({"FAISS HNSW": "faiss"}.get(name, name))
    before = own_memory()
    with measured(seconds, "open"):
        system.open(folder)
        system.ask(queries[0])
    found, milliseconds = [], []
    for query in queries:
        start = time.perf_counter()
        found.append(system.ask(query))
        milliseconds.append(1e3 * (time.perf_counter() - start))
    memory = own_memory() - before
    with measured(seconds, "add"):
        system.add(more, vectors)
    if system.remove:
        with measured(seconds, "remove"):
            system.remove(range(NUM_CHANGED))
    return seconds, memory, found, milliseconds


def own_memory():
    memory = psutil.Process().memory_info()
    return memory.rss - memory.shared


if __name__ == "__main__":
    main()
