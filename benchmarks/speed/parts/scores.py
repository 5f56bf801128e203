"""Spearman x 100 of benchmarks, of models and of vectors."""

import statistics

import keras

import keras_mirror
from keras_mirror.evaluation import evaluate
from keras_mirror.evaluation.readers import read_benchmarks
from keras_mirror.evaluation.task import row_finder


def tasks_of(paths):
    return [task for path in paths for task in read_benchmarks(path)]


def texts_of_tasks(paths):
    """All different texts."""
    tasks = tasks_of(paths)
    return list(dict.fromkeys(text for task in tasks for text in task.texts()))


def scores_of_vectors(paths, vectors):
    """Dict from the names of tasks to scores, of the vectors of their texts."""
    find = row_finder(texts_of_tasks(paths), vectors)
    return {
        task.name: 100 * task.score(find)[0].score.value
        for task in tasks_of(paths)
    }


def mean_scores(paths, outputs):
    """Scores of trained models, mean and deviation over seeds."""
    tasks = tasks_of(paths)
    if not tasks:
        return {}
    values = {}
    for output in outputs:
        for row in evaluate({"": load(output)}, tasks).rows:
            if row.metric == "Spearman" and not row.subset:
                score = 100 * row.scores[0].value
                values.setdefault(row.task, []).append(score)
    return {
        name: f"{statistics.mean(scores):.2f}"
        + (f" ± {statistics.stdev(scores):.2f}" if scores[1:] else "")
        for name, scores in values.items()
    }


def load(path):
    if path.suffix == ".keras":
        return keras.saving.load_model(path)
    # The other sides save Hugging Face folders.
    return keras_mirror.MirrorModel.from_preset(str(path), pooling_mode="mean")
