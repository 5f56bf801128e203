"""Labeled texts for benchmarks/classification.py: real ones, no network."""

import collections
import csv
import dataclasses

import numpy as np

from keras_mirror.evaluation import python_api

NUM_TESTED = 2000  # where a set has no test part of its own
# Packages with enough functions to learn from and to test on.
MIN_TEXTS = 60


@dataclasses.dataclass
class Task:
    """A pool to draw labeled texts from, and what is predicted."""

    name: str
    pool: list
    pool_labels: np.ndarray
    test: list
    test_labels: np.ndarray
    sequence_length: int


def read_tasks(sts, tables):
    """Every task whose files are there.

    Args:
        sts: Path of a folder of SemEval folders, or `None`.
        tables: Path of a folder of tables of Orange's format, or `None`.
    """
    if sts:
        for folder in ("STS14-en-test", "STS16-en-test"):
            rows = sentence_sources(sts / folder)
            yield split(f"sources of {folder[:5]}", rows, 50)
    yield split("packages of docstrings", docstring_packages(), 50)
    if tables:
        for name in ("reuters-r8", "20newsgroups"):
            yield fixed(name, tables, 128)  # of 128 positions


def sentence_sources(folder):
    """Sentences, and the file that each is from: news, captions, forums.

    Of a pair only the first one: the two say nearly the same.
    """
    for path in sorted(folder.glob("STS*.input.*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield line.split("\t")[0].strip(), path.name.split(".")[-2]


def docstring_packages():
    """Summaries of functions, and the package that each is from."""
    api = python_api.load_data()
    rows = [(text, name.partition(".")[0]) for name, text in api.items()]
    sizes = collections.Counter(label for _, label in rows)
    return [row for row in rows if sizes[row[1]] >= MIN_TEXTS]


def orange_table(path):
    """Texts and labels of a table with three lines of a header."""
    csv.field_size_limit(2**24)
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))[3:]
    return [(text.strip(), label) for label, text in filter(None, rows)]


def unique(rows):
    """Each different text once; none that has two labels."""
    labels = collections.defaultdict(set)
    for text, label in rows:
        labels[text].add(label)
    return [(text, *x) for text, x in labels.items() if text and len(x) == 1]


def split(name, rows, sequence_length):
    """A random half for testing, and the other one to draw from."""
    rows = unique(rows)
    order = np.random.default_rng(0).permutation(len(rows))
    num_tested = min(NUM_TESTED, len(rows) // 2)
    parts = order[num_tested:], order[:num_tested]
    pool, test = ([rows[index] for index in part] for part in parts)
    return task(name, pool, test, sequence_length)


def fixed(name, folder, sequence_length):
    """The parts that a set was published with."""
    pool, test = (
        unique(orange_table(folder / f"{name}-{part}.tab"))
        for part in ("train", "test")
    )
    trained = {text for text, _ in pool}
    test = [row for row in test if row[0] not in trained]
    return task(name, pool, test, sequence_length)


def task(name, pool, test, sequence_length):
    columns = []
    for rows in (pool, test):
        texts, labels = zip(*rows, strict=True)
        columns += [list(texts), np.array(labels)]
    return Task(name, *columns, sequence_length)
