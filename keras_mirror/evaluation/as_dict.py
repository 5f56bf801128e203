import dataclasses

import keras

from keras_mirror.evaluation.score import LEVEL
from keras_mirror.evaluation.score import NUM_RESAMPLES
from keras_mirror.version import __version__


def as_dict(evaluation):
    """An `Evaluation` as plain dicts and lists, for JSON.

    Numbers are as they are, not times 100; an undefined one is `None`.

    Args:
        evaluation: An `Evaluation`.

    Returns:
        A dict of `"models"`, `"tasks"`, `"rows"`, and how it was made.

    Example:

    >>> from keras_mirror.evaluation import SimilarityTask
    >>> from keras_mirror.evaluation import evaluate
    >>> task = SimilarityTask(
    ...     name="mine",
    ...     texts_1=["a man plays", "a man", "a woman plays"],
    ...     texts_2=["a man plays", "plays", "a man"],
    ...     scores=[5.0, 1.0, 2.0],
    ... )
    >>> as_dict(evaluate({"mine": model}, [task]))["tasks"][0]["name"]
    'mine'
    """
    return {
        "keras_mirror": __version__,
        "backend": keras.backend.backend(),
        "interval": {"level": LEVEL, "bootstrap_samples": NUM_RESAMPLES},
        "models": [_model(evaluation, name) for name in evaluation.models],
        "tasks": [_task(task) for task in evaluation.tasks],
        "rows": [_row(row) for row in evaluation.rows],
    }


def _model(evaluation, name):
    model, embeddings = evaluation.models[name], evaluation.embeddings[name]
    return {
        "name": name,
        "pooling_mode": model.recipe.pooling_mode,
        "sequence_length": model.preprocessor.sequence_length,
        "num_texts": len(embeddings.texts),
        "num_cut": embeddings.num_cut,
    }


def _task(task):
    return {
        "name": task.name,
        "kind": task.kind,
        "num_published": task.num_published,
        "dropped": [dataclasses.asdict(dropped) for dropped in task.dropped],
    }


def _row(row):
    return {
        "task": row.task,
        "kind": row.kind,
        "subset": row.subset,
        "metric": row.metric,
        "num_items": row.num_items,
        "scores": [_score(score) for score in row.scores],
        "differences": [_score(score) for score in row.differences],
    }


def _score(score):
    low, high = score.interval or (None, None)
    return {"value": score.value, "low": low, "high": high}
