"""The real files, read and scored once more by a script of its own."""

import re
import zlib

import numpy as np
import pytest
import scipy.stats
from support.texts import DATA

from keras_mirror.evaluation.readers import read_benchmarks

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"there is no folder {DATA}"
)


def embed(texts):
    """A bag of random words, known to everybody: no model is needed."""
    return np.array([vector(text) for text in texts])


def vector(text):
    total = np.full(16, 1e-3)
    for word in re.findall(r"\w+", text.lower()):
        generator = np.random.default_rng(zlib.crc32(word.encode()))
        total += generator.normal(size=16)
    return total


def lines(path):
    return path.read_bytes().decode("utf-8").split("\n")


def semeval(folder):
    for texts in (DATA / "sts" / folder).glob("*.input.*"):
        scores = texts.with_name(texts.name.replace("input", "gs"))
        for line, score in zip(lines(texts), lines(scores), strict=False):
            if score.strip():
                yield *line.split("\t")[:2], score


def columns(path, *indices, first=0):
    for line in lines(DATA / path)[first:]:
        if line.strip():
            fields = re.split("\t", line) if "\t" in line else line.split()
            yield tuple(fields[index] for index in indices)


REAL = {
    "STS14": (3750, lambda: semeval("STS14-en-test")),
    "STS16": (1186, lambda: semeval("STS16-en-test")),
    "STS-B dev": (
        1500,
        lambda: columns("sts/STSBenchmark/sts-dev.csv", 5, 6, 4),
    ),
    "STS-B test": (
        1379,
        lambda: columns("sts/STSBenchmark/sts-test.csv", 5, 6, 4),
    ),
    "SICK train": (
        4500,
        lambda: columns("sts/SICK/SICK_train.txt", 1, 2, 3, first=1),
    ),
    "SICK trial": (
        500,
        lambda: columns("sts/SICK/SICK_trial.txt", 1, 2, 3, first=1),
    ),
    "SimLex-999": (999, lambda: columns("words/EN-SIMLEX-999.txt", 0, 1, 2)),
    "MEN": (3000, lambda: columns("words/EN-MEN-TR-3k.txt", 0, 1, 2)),
    "RG-65": (65, lambda: columns("words/EN-RG-65.txt", 0, 1, 2)),
}


@pytest.fixture(scope="module")
def tasks():
    tasks = read_benchmarks(DATA / "sts") + read_benchmarks(DATA / "words")
    return {task.name: task for task in tasks}


@pytest.mark.parametrize("name", REAL)
def test_same_scores_as_an_independent_script(tasks, name):
    num_rows, read = REAL[name]
    texts_1, texts_2, scores = zip(*read(), strict=True)
    assert len(scores) == num_rows == tasks[name].num_items()
    assert not tasks[name].remarks() or tasks[name].dropped
    cosines = []
    for text_1, text_2 in zip(texts_1, texts_2, strict=True):
        one, two = vector(text_1), vector(text_2)
        cosines.append(one @ two / np.sqrt((one @ one) * (two @ two)))
    scores = [float(score) for score in scores]
    expected = {
        "Spearman": scipy.stats.spearmanr(cosines, scores).statistic,
        "Pearson": scipy.stats.pearsonr(cosines, scores).statistic,
    }
    results = [r for r in tasks[name].score(embed) if not r.subset]
    found = {result.metric: result.score.value for result in results}
    # Many cosines differ by rounding only, and so do their ranks.
    assert found == pytest.approx(expected, abs=1e-4)
    assert found["Spearman"] > (0.3 if "S" in name[:1] and "T" in name else -1)
