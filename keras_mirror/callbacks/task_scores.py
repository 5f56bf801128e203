import re

import numpy as np

from keras_mirror.evaluation.task import Task
from keras_mirror.evaluation.tasks import SimilarityTask
from keras_mirror.evaluation.text_embeddings import TextEmbeddings


class TaskScores:
    """The headline scores of a model, by their names in the logs.

    Args:
        task: A `Task`, or a list of them.
        name: String, the name of the score, or of the mean of several, behind
            `val_`. Defaults to `None`: `"spearman"`, or `"score"` if a task is
            no `SimilarityTask`.
        batch_size: Integer, texts per call of the encoder. Defaults to `64`.

    Attributes:
        name: String, the name in the logs.

    Raises:
        ValueError: There is no task, or two have the same name in the logs.

    Example:

    >>> task = SimilarityTask(
    ...     name="STS-B",
    ...     texts_1=["a man plays", "a man", "a woman plays"],
    ...     texts_2=["a man plays", "plays", "a man"],
    ...     scores=[5.0, 1.0, 2.0],
    ... )
    >>> list(TaskScores(task)(model))
    ['val_spearman']
    """

    def __init__(self, task, name=None, batch_size=64):
        self.tasks = list(task) if isinstance(task, (list, tuple)) else [task]
        _check_tasks(self.tasks)
        self.name = _log_name(name or _default_name(self.tasks))
        self.batch_size = batch_size
        self._task_names = [_log_name(task.name) for task in self.tasks]
        if len(self.tasks) > 1:
            _check_different([*self._task_names, self.name])

    def __call__(self, model):
        """Scores a model; each text is encoded once.

        Returns:
            A dict from names to floats, `None` where a score is undefined:
            one entry for one task, else one a task and their mean.
        """
        texts = [text for task in self.tasks for text in task.texts()]
        embed = TextEmbeddings(model, texts, self.batch_size)
        scores = [task.score(embed)[0].score.value for task in self.tasks]
        mean = None if None in scores else float(np.mean(scores))
        if len(scores) == 1:
            return {self.name: mean}
        of_tasks = dict(zip(self._task_names, scores, strict=True))
        return {**of_tasks, self.name: mean}


def _log_name(name):
    """A name that CSV files, TensorBoard and `ModelCheckpoint` can use."""
    return "val_" + re.sub(r"\W+", "_", name.lower()).strip("_")


def _default_name(tasks):
    of_similarity = all(isinstance(task, SimilarityTask) for task in tasks)
    return "spearman" if of_similarity else "score"


def _check_tasks(tasks):
    if not tasks or not all(isinstance(task, Task) for task in tasks):
        raise ValueError(
            "`task` must be a `SimilarityTask`, another `Task`, or a list of "
            f"them. Received: {tasks}"
        )


def _check_different(names):
    if len(set(names)) < len(names):
        raise ValueError(
            "The tasks and `name` must have different names in the logs. "
            f"Received: {', '.join(names)}"
        )
