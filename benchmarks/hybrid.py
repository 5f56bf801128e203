"""Search by vectors, by words, and by both: which finds more?

python benchmarks/hybrid.py MODEL DATA

DATA is the folder `domain` of the data: ncbi-disease (mentions of diseases
among the names of a dictionary), stackoverflow20k (1,000 titles among all
others, of which those of the same tag are right) and banking77 (the test set
among the training set, of which those of the same intent are right; nobody had
looked at it when the weights of hybrid search were chosen). Prints accuracy@1
and nDCG@10 in percent, each with the 95 % interval of 1,000 bootstraps, and
their difference from the best single way, paired. Of equally good texts, the
one that was added first counts, as in `Index`. `--vectors FOLDER` keeps
vectors.
"""

import argparse
import collections
import csv
import pathlib
import tempfile
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer

import keras_mirror
from keras_mirror.search.unit_embeddings import unit_embeddings
from keras_mirror.store import MODES
from keras_mirror.store.answers import find_answers
from keras_mirror.store.batch import Batch
from keras_mirror.store.batch import put
from keras_mirror.store.store import Store

K = 10
TFIDF = "character TF-IDF"
NUM_TITLES = 1000


class Task(NamedTuple):
    """Queries, texts, and a function of a query's and a text's number.

    `own` has the numbers of the queries among the texts, if they are there.
    """

    name: str
    queries: list
    texts: list
    is_right: object
    num_right: object
    own: object = None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--vectors", type=pathlib.Path)
    arguments = parser.parse_args()
    model = keras_mirror.integrations.load_model.load_model(arguments.model)
    console = Console(width=120)
    for make_task in (ncbi_disease, stack_overflow, banking):
        task = make_task(arguments.data)
        scores = {
            mode: np.array(list(measures(task, found)))
            for mode, found in answers(task, model, arguments.vectors).items()
        }
        console.print(table(task, scores))


def ncbi_disease(data):
    names, concepts = [], []
    folder = data / "ncbi-disease"
    for line in lines(folder / "medic_06Jul2012.txt"):
        if "||" in line:
            first, *rest = line.split("||")
            for name in filter(None, "||".join(rest).split("|")):
                names.append(name)
                concepts.append(set(map(bare, first.split("|"))))
    rows = [
        (row[3], bare(row[5]).strip())
        for row in (
            line.split("\t")
            for line in lines(folder / "NCBItestset_corpus.txt")
        )
        if len(row) == 6 and not {"+", "|"} & set(row[5])
    ]
    numbers = {}
    for each in concepts:
        for concept in each:
            numbers[concept] = numbers.get(concept, 0) + 1
    return Task(
        "ncbi-disease",
        [mention for mention, _ in rows],
        names,
        lambda query, text: rows[query][1] in concepts[text],
        lambda query: numbers.get(rows[query][1], 0),
    )


def bare(identifier):
    return identifier.replace("MESH:", "").replace("OMIM:", "")


def stack_overflow(data):
    folder = data / "stackoverflow20k"
    titles = lines(folder / "title_StackOverflow.txt")
    labels = lines(folder / "label_StackOverflow.txt")
    own = np.random.default_rng(0).choice(len(titles), NUM_TITLES, False)
    return Task(
        "stackoverflow20k",
        [titles[place] for place in own],
        titles,
        lambda query, text: labels[own[query]] == labels[text],
        lambda query: labels.count(labels[own[query]]) - 1,
        own,
    )


def banking(data):
    rows = {}
    for name in ("train", "test"):
        path = data / "banking77" / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            rows[name] = list(csv.DictReader(file))
    intents = [row["category"] for row in rows["train"]]
    numbers = collections.Counter(intents)
    wanted = [row["category"] for row in rows["test"]]
    return Task(
        "banking77",
        [row["text"] for row in rows["test"]],
        [row["text"] for row in rows["train"]],
        lambda query, text: wanted[query] == intents[text],
        lambda query: numbers[wanted[query]],
    )


def lines(path):
    return path.read_text("utf-8", errors="replace").split("\n")[:-1]


def answers(task, model, folder):
    """The rows of the texts found for each query, by the way of searching."""
    vectors = {}
    for kind, texts in (("queries", task.queries), ("texts", task.texts)):
        path = folder and folder / f"{task.name} {kind}.npy"
        if path and path.exists():
            vectors[kind] = np.load(path)
            continue
        vectors[kind] = unit_embeddings(model, texts)
        if path:
            np.save(path, vectors[kind])
    found = {}
    with tempfile.TemporaryDirectory() as name:
        store = Store.new(vectors["texts"].shape[1], True, name)
        with store.change():
            by_text = dict(zip(task.texts, vectors["texts"], strict=True))
            put(store, Batch.of(task.texts), by_text, replace=False)
        for mode in MODES:
            found[mode] = [
                rows_of(store, query, vector, mode)
                for query, vector in track(
                    list(zip(task.queries, vectors["queries"], strict=True)),
                    f"{task.name}, {mode}",
                )
            ]
    found[TFIDF] = by_tfidf(task)
    return found


def rows_of(store, query, vector, mode):
    [results] = find_answers(store, [query], vector[None], K + 1, mode=mode)
    return [each.row for each in results]


def by_tfidf(task):
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4))
    texts = vectorizer.fit_transform(task.texts).T.tocsc()
    found = []
    for query in vectorizer.transform(task.queries):
        scores = (query @ texts).toarray()[0]
        found.append(np.argsort(-scores, kind="stable")[: K + 1])
    return found


def measures(task, found):
    """Accuracy@1 and nDCG@10 of every query."""
    discounts = 1 / np.log2(np.arange(2, K + 2))
    for query, rows in enumerate(found):
        own = None if task.own is None else task.own[query]
        rows = [row for row in rows if row != own][:K]
        right = np.array([task.is_right(query, row) for row in rows] or [False])
        ideal = discounts[: max(1, min(K, task.num_right(query)))].sum()
        gain = discounts[: len(right)][right].sum()
        yield float(right[0]), gain / ideal


def table(task, scores):
    single = [name for name in scores if name != "hybrid"]
    best = max(single, key=lambda name: scores[name][:, 1].mean())
    result = Table(
        *("search", "accuracy@1", "nDCG@10", f"minus {best}: accuracy@1"),
        *("nDCG@10",),
        title=f"{task.name}: {len(task.queries):,} queries, "
        f"{len(task.texts):,} texts",
    )
    draws = np.random.default_rng(0).integers(
        0, len(task.queries), (1000, len(task.queries))
    )
    for name, each in scores.items():
        cells = [interval(column, draws) for column in each.T]
        cells += [
            interval(column, draws, "+") for column in (each - scores[best]).T
        ]
        result.add_row(name, *cells)
    return result


def interval(values, draws, sign=""):
    low, high = np.percentile(100 * values[draws].mean(axis=1), [2.5, 97.5])
    return (
        f"{100 * values.mean():{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"
    )


if __name__ == "__main__":
    main()
