"""Search among vectors alone: ours, FAISS and usearch, each at its best.

python benchmarks/search_vectors.py VECTORS.npy [--systems ours faiss-flat ...]

VECTORS.npy holds unit vectors; queries are rows drawn from it, which no system
holds. Prints, for every system, the seconds that building takes, the
megabytes of its files (with the float32 vectors, where it looks at them), the
memory of a new process that has opened them and asked (mapped files count
apart), recall@10 against all vectors, and the milliseconds of a query: one at
a time (median), and in batches of 100. A system is measured at several
efforts of its search; each runs in processes of its own, on all cores. With
OMP_NUM_THREADS=1 it has one core, and seconds are those of the processor,
which other work beside does not change.
"""

import argparse
import multiprocessing
import os
import pathlib
import tempfile
import time

import numpy as np
import psutil
from search_vectors_systems import SYSTEMS

K = 10
BATCH = 100
IS_ONE_CORE = os.environ.get("OMP_NUM_THREADS") == "1"
clock = time.process_time if IS_ONE_CORE else time.perf_counter
COLUMNS = "system", "effort", "build s", "MB", "own MB", "mapped MB"
COLUMNS += "recall@10", "ms one", "ms in 100"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vectors", type=pathlib.Path)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS))
    parser.add_argument("--num-queries", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    vectors, queries = draw(arguments)
    truth = [nearest(vectors, query) for query in queries]
    print("|", " | ".join(COLUMNS), "|")
    print("|---|---" + "|--:" * (len(COLUMNS) - 2) + "|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        np.save(folder / "vectors.npy", vectors)
        for name in arguments.systems:
            for row in rows(name, folder, queries, truth):
                print("|", " | ".join(row), "|", flush=True)


def draw(arguments):
    """Vectors of length 1 and queries, from all over a file."""
    found = np.load(arguments.vectors, mmap_mode="r")
    filled = np.flatnonzero(np.asarray(found[:, :4]).any(axis=1))
    generator = np.random.default_rng(arguments.seed)
    number = min(arguments.size + arguments.num_queries, len(filled))
    places = generator.choice(filled, number, replace=False)
    drawn = np.asarray(found[np.sort(places)], "float32")
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    generator.shuffle(drawn)
    return drawn[arguments.num_queries :], drawn[: arguments.num_queries]


def nearest(vectors, query):
    cosines = vectors @ query
    return np.argpartition(-cosines, K)[:K]


def rows(name, folder, queries, truth):
    """The rows of the table of a system, one for each effort."""
    context = multiprocessing.get_context("spawn")
    before = set(folder.iterdir())
    with context.Pool(1) as pool:
        seconds = pool.apply(build, (name, folder))
    made = set(folder.iterdir()) - before
    files = [*made, folder / "vectors.npy"][
        : len(made) + SYSTEMS[name].rescores
    ]
    size = sum(path.stat().st_size for path in files)
    with context.Pool(1) as pool:
        used = pool.apply(use, (name, folder, queries))
    for path in made:
        path.unlink()
    for effort, found, one, many, own, mapped in used:
        hits = map(np.intersect1d, found, truth)
        recall = np.mean([len(each) / K for each in hits])
        numbers = f"{recall:.4f}", f"{one:.2f}", f"{many:.2f}"
        sizes = [f"{number / 1e6:.0f}" for number in (size, own, mapped)]
        yield [name, effort, f"{seconds:.1f}", *sizes, *numbers]


def build(name, folder):
    system = SYSTEMS[name]()
    vectors = np.load(folder / "vectors.npy")
    system.prepare()
    start = clock()
    system.build(folder, vectors)
    return clock() - start


def use(name, folder, queries):
    system, used = SYSTEMS[name](), []
    system.prepare()
    own_before, mapped_before = memory()
    system.open(folder)
    for effort in system.efforts:
        system.set_effort(effort)
        found, times = [], []
        for query in queries:
            start = clock()
            [places] = system.search(query[np.newaxis], K)
            times.append(clock() - start)
            found.append(places)
        start = clock()
        for first in range(0, len(queries), BATCH):
            system.search(queries[first : first + BATCH], K)
        many = (clock() - start) / len(queries)
        own, mapped = memory()
        sizes = own - own_before, mapped - mapped_before
        one = np.median(times)
        used.append((str(effort), found, 1e3 * one, 1e3 * many, *sizes))
    return used


def memory():
    """Bytes of this process: its own, and those of mapped files."""
    memory = psutil.Process().memory_info()
    return memory.rss - memory.shared, memory.shared


if __name__ == "__main__":
    main()
