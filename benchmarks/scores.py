"""Spearman x 100 on local benchmarks, and tables of them."""

import statistics

from keras_mirror.evaluation import evaluate
from keras_mirror.evaluation.readers import read_benchmarks

BENCHMARKS = {"sentence": "sts", "word": "words"}
# Not English, or the very strings that the sentence recipe trains on.
LEFT_OUT = ("STS-B train", "STS17 es-es", "Multi-SimLex french")
FOR_CHOOSING = "STS-B dev"


def read_tasks(data, kind, only=None):
    """The benchmarks in a data folder for sentences or words, or the named."""
    kinds = BENCHMARKS if only else [kind]
    folders = [data / BENCHMARKS[kind] for kind in kinds]
    tasks = [task for folder in folders for task in read_benchmarks(folder)]
    wanted = only or {task.name for task in tasks} - set(LEFT_OUT)
    return [task for task in tasks if task.name in wanted]


def spearman_scores(model, tasks):
    """Benchmark to Spearman x 100, no averages."""
    names = [task.name for task in tasks]
    return {
        row.task: 100 * row.scores[0].value
        for row in evaluate({"": model}, tasks).rows
        if row.metric == "Spearman" and not row.subset and row.task in names
    }


def average(scores):
    """Over the benchmarks for reporting; two parts of one count as one."""
    families = {}
    for name, score in scores.items():
        if name != FOR_CHOOSING:
            families.setdefault(name.split()[0], []).append(score)
    return statistics.mean(map(statistics.mean, families.values()))


def mean_and_deviation(values):
    cell = f"{statistics.mean(values):.2f}"
    return cell + (f" ± {statistics.stdev(values):.2f}" if values[1:] else "")
