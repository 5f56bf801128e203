"""Readers of similarity benchmarks, each to `(texts_1, texts_2, scores)`."""

import csv
import pathlib

import scipy.stats

from keras_mirror.encoding import unit_rows


def read_benchmarks(data):
    """The benchmarks of sentences below a folder, by name."""
    data = pathlib.Path(data)
    return {
        "STS-B dev": read_stsb(data / "sts/STSBenchmark/sts-dev.csv"),
        "STS14": read_semeval(data / "sts/STS14-en-test"),
        "STS16": read_semeval(data / "sts/STS16-en-test"),
        "SICK trial": read_sick(data / "sts/SICK/SICK_trial.txt"),
    }


def read_word_benchmarks(data):
    words = pathlib.Path(data) / "words"
    return {
        "SimLex-999": read_words(words / "EN-SIMLEX-999.txt"),
        "MEN": read_words(words / "EN-MEN-TR-3k.txt"),
    }


def read_stsb(path):
    """Columns 4, 5 and 6 are the score and the texts; there is no quoting."""
    return columns((row[5], row[6], row[4]) for row in tab_rows(path))


def read_sick(path):
    rows = list(tab_rows(path))[1:]
    return columns((row[1], row[2], row[3]) for row in rows)


def read_semeval(folder):
    """All subsets as one; a pair without a score does not count."""
    triples = []
    for texts in sorted(folder.glob("*.input.*.txt")):
        scores = texts.with_name(texts.name.replace(".input.", ".gs."))
        lines = scores.read_text(encoding="utf-8").splitlines()
        for row, score in zip(tab_rows(texts), lines, strict=True):
            if score.strip():
                triples.append((row[0], row[1], score))
    return columns(triples)


def read_words(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return columns(line.split() for line in lines if line)


def tab_rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        yield from csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def columns(triples):
    texts_1, texts_2, scores = zip(*triples, strict=True)
    return texts_1, texts_2, [float(score) for score in scores]


def spearman(model, texts_1, texts_2, scores):
    """Cosine-Spearman x 100."""
    vectors = [
        unit_rows(model.encode_text(list(texts)))
        for texts in (texts_1, texts_2)
    ]
    cosines = (vectors[0] * vectors[1]).sum(axis=1)
    return 100 * scipy.stats.spearmanr(cosines, scores).statistic
