"""Clusters without a number: how good, how many, how fast, and their names.

python benchmarks/clusters.py MODEL DATA

DATA is the folder `domain` of the data, of which this takes stackoverflow20k:
20,000 titles of 20 tags. Prints the normalized mutual information (NMI) with
the tags in percent, for seeds 0 to 4, of clusters whose number is found (the
outliers as one more cluster; without them) and of k-means that is told the
number; then the names of the clusters of seed 0, with the most frequent tag of
each. `--vectors FILE` takes an array of unit embeddings, such as
100,000 of them, and prints the seconds of finding their clusters, too. Labels
are read for scoring only: no setting was chosen on them.
"""

import argparse
import pathlib
import statistics
import time

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.metrics import normalized_mutual_info_score

from keras_mirror.integrations.load_model import load_model
from keras_mirror.search import name_clusters
from keras_mirror.search.cluster import cluster_encoded
from keras_mirror.search.communities import communities
from keras_mirror.search.encoded_texts import EncodedTexts

SEEDS = range(5)
TAGS = (
    *("wordpress", "oracle", "svn", "apache", "excel", "matlab"),
    *("visual-studio", "cocoa", "osx", "bash", "spring", "hibernate"),
    *("scala", "sharepoint", "ajax", "qt", "drupal", "linq", "haskell"),
    "magento",
)
WAYS = {"found": None, f"k-means, {len(TAGS)}": len(TAGS)}
OUTLIER = -1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--vectors", type=pathlib.Path)
    arguments = parser.parse_args()
    titles, labels = read(arguments.data / "stackoverflow20k")
    encoded = EncodedTexts.of(load_model(arguments.model), titles)
    print(f"{encoded.embeddings.shape[0]:,} different titles", flush=True)
    console = Console(width=120)
    runs = {
        way: [run(encoded, number, labels, seed) for seed in SEEDS]
        for way, number in WAYS.items()
    }
    console.print(scores(runs))
    console.print(names(titles, runs["found"][0]["clusters"], labels))
    if arguments.vectors:
        vectors = np.load(arguments.vectors)
        start = time.monotonic()
        communities(vectors, np.ones(len(vectors), int))
        seconds = time.monotonic() - start
        print(f"{len(vectors):,} vectors: {seconds:.1f} s")


def read(folder):
    titles = lines(folder / "title_StackOverflow.txt")
    labels = lines(folder / "label_StackOverflow.txt")
    return [title.strip() for title in titles], np.array(labels, int)


def lines(path):
    return path.read_text("utf-8", errors="replace").split("\n")[:-1]


def run(encoded, num_clusters, labels, seed):
    start = time.monotonic()
    clusters = cluster_encoded(encoded, num_clusters, seed=seed)
    seconds = time.monotonic() - start
    found = np.full(len(labels), OUTLIER)
    for number, each in enumerate(clusters):
        found[each.rows] = number
    inside = found != OUTLIER
    return {
        "clusters": clusters,
        "NMI": percent(labels, found),
        "NMI without outliers": percent(labels[inside], found[inside]),
        "number": len(clusters),
        "outliers": int(np.sum(~inside)),
        "seconds": seconds,
    }


def percent(labels, found):
    return 100 * normalized_mutual_info_score(labels, found)


def scores(runs):
    columns = [name for name in runs["found"][0] if name != "clusters"]
    result = Table("number of clusters", *columns, title="seeds 0 to 4")
    for way, of_seeds in runs.items():
        cells = [[each[column] for each in of_seeds] for column in columns]
        result.add_row(way, *map(mean_and_range, cells))
    return result


def mean_and_range(values):
    mean = statistics.mean(values)
    return f"{mean:.1f} [{min(values):.1f}, {max(values):.1f}]"


def names(titles, clusters, labels):
    result = Table("cluster", "titles", "words", "most frequent tag", "share")
    for number, (each, name) in enumerate(
        zip(clusters, name_clusters(titles, clusters), strict=True), start=1
    ):
        counts = np.bincount(labels[each.rows], minlength=len(TAGS) + 1)
        result.add_row(
            f"{number}",
            f"{len(each.rows):,}",
            ", ".join(name.words),
            TAGS[counts.argmax() - 1],
            f"{100 * counts.max() / counts.sum():.0f} %",
        )
    return result


if __name__ == "__main__":
    main()
