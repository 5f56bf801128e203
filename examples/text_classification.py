"""Sixteen labels a class: an encoder in a scikit-learn pipeline.

python examples/text_classification.py --table labeled.tsv

The encoder is mirrored on texts without labels, and then stands frozen in a
pipeline that learns from a few labeled ones. TF-IDF learns from the same. A
line of the table is label TAB text. Without one it is docstrings, which are
installed anyway: which package is a Python function from? The words alone tell
that better; benchmarks/classification.py has tasks of both kinds.
"""

import argparse
import collections

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from keras_mirror.evaluation import python_api
from keras_mirror.integrations.scikit_learn import MirrorTransformer

NUM_LABELS = 16  # of each class
NUM_CLASSES = 8  # the packages with the most functions
NUM_TESTED = 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table")
    parser.add_argument("--preset", default="mirror_mini_lm_en")
    parser.add_argument("--batch-size", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, help="for a short trial")
    arguments = parser.parse_args()

    rows = read_table(arguments.table) if arguments.table else docstrings()
    np.random.default_rng(arguments.seed).shuffle(rows)
    labels, texts = (np.array(column) for column in zip(*rows, strict=True))
    num_tested = min(NUM_TESTED, len(texts) // 2)
    unlabeled = texts[num_tested:][: arguments.limit]
    tested, truth = texts[:num_tested], labels[:num_tested]
    rows = draw(labels[num_tested:]) + num_tested
    names, sizes = np.unique(labels, return_counts=True)
    print(", ".join(map("{} {}".format, names, sizes)))

    encoder = MirrorTransformer(
        arguments.preset,
        batch_size=arguments.batch_size,
        random_state=arguments.seed,
    )
    encoder.fit(unlabeled)
    first_steps = {
        "TF-IDF": TfidfVectorizer(),
        "mirror encoder": FrozenEstimator(encoder),  # is not fitted again
    }
    for name, first_step in first_steps.items():
        last_step = GridSearchCV(
            LogisticRegression(max_iter=5000),
            {"C": [0.1, 1, 10, 100, 1000]},
        )
        classifier = make_pipeline(first_step, last_step)
        classifier.fit(texts[rows], labels[rows])
        accuracy = classifier.score(tested, truth)
        print(f"{name}: accuracy {100 * accuracy:.1f} of {len(tested)} texts")


def read_table(path):
    """Pairs of a label and a text, each text once."""
    with open(path, encoding="utf-8") as file:
        rows = dict.fromkeys(line.rstrip("\n") for line in file)
    return [tuple(row.split("\t", 1)) for row in rows if "\t" in row]


def docstrings():
    """Packages and docstrings, of the largest packages."""
    packages = collections.defaultdict(set)
    for name, text in python_api.load_data().items():
        packages[text].add(name.partition(".")[0])
    rows = [(*x, text) for text, x in packages.items() if len(x) == 1]
    sizes = collections.Counter(package for package, _ in rows)
    largest = [package for package, _ in sizes.most_common(NUM_CLASSES)]
    return [row for row in rows if row[0] in largest]


def draw(labels):
    """The first texts of every class: the order is random."""
    rows = [np.flatnonzero(labels == x)[:NUM_LABELS] for x in np.unique(labels)]
    return np.concatenate(rows)


if __name__ == "__main__":
    main()
