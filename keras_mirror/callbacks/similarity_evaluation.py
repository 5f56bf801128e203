import re
import warnings

import keras
import numpy as np

from keras_mirror.archive.recorder import StepCounter
from keras_mirror.arguments import check_integer
from keras_mirror.evaluation.score import average
from keras_mirror.evaluation.task import Task
from keras_mirror.evaluation.task import TextEmbeddings
from keras_mirror.evaluation.tasks import SimilarityTask


class SimilarityEvaluation(keras.callbacks.Callback):
    """Scores the model on a benchmark while it trains, and keeps the best.

    The headline score, Spearman's correlation for a `SimilarityTask`, goes
    into the logs of the epoch as `val_spearman`, and into those of a step that
    was scored. Callbacks listed after this one see it, such as
    `keras.callbacks.EarlyStopping("val_spearman", mode="max")`. Scoring draws
    no random numbers: training goes on as it would without.

    With several tasks each has an entry `val_<name of the task>`, and their
    mean is `val_spearman`. An undefined score, such as the correlation of a
    collapsed encoder, is left out of the logs, as is a mean over it; the first
    one causes a warning.

    Args:
        task: A `SimilarityTask`, another `Task`, or a list of them.
        every: Integer, the number of steps between two scores; the last step is
            scored too. An epoch between two scores logs the newest one.
            Defaults to `None`: the model is scored at the end of every epoch.
        restore_best_weights: Boolean, whether to restore the weights with the
            best score when training ends, the earliest of equal scores.
            Defaults to `False`.
        name: String, the name in the logs after `val_`. Defaults to `None`:
            `"spearman"`, or `"score"` if a task is no `SimilarityTask`.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `None`.
        initial: Boolean, whether to score before the first step too: it counts
            as step 0. Defaults to `False`.

    Attributes:
        history: List of tuples of a step and its score, `None` if undefined.
        best_step: Integer, the step of the best score, or `None`.
        best_score: Float, or `None`.

    Raises:
        ValueError: An argument is not as above, or two tasks have one name.

    Example:

    >>> from keras_mirror.evaluation import SimilarityTask
    >>> task = SimilarityTask(
    ...     name="mine",
    ...     texts_1=["a man plays", "a man", "a woman plays"],
    ...     texts_2=["a man plays", "plays", "a man"],
    ...     scores=[5.0, 1.0, 2.0],
    ... )
    >>> evaluation = SimilarityEvaluation(task, initial=True)
    >>> model.compile()
    >>> history = model.fit(
    ...     ["a man plays", "a woman"],
    ...     batch_size=2,
    ...     epochs=2,
    ...     verbose=0,
    ...     callbacks=[evaluation],
    ... )
    >>> [step for step, score in evaluation.history]
    [0, 1, 2]
    >>> len(history.history["val_spearman"])
    2
    """

    def __init__(
        self,
        task: Task | list[Task] | tuple[Task, ...],
        every: int | None = None,
        restore_best_weights: bool = False,
        name: str | None = None,
        batch_size: int | None = None,
        initial: bool = False,
    ) -> None:
        super().__init__()
        if every is not None:
            every = check_integer("every", every, why=" or `None`")
        self.every = every
        self.restore_best_weights = restore_best_weights
        self.initial = initial
        self._scores = _TaskScores(task, name, batch_size)
        self._reset()

    # === Hooks of Keras ===

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._reset()
        if self.initial:
            self._evaluate()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._counter.begin_epoch()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        before = self._counter.step
        self._counter.end_batch(batch)
        every = self.every
        if every and self._counter.step // every > before // every:
            self._evaluate()
            self._add_newest(logs)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        is_last = epoch + 1 == self.params.get("epochs")
        if self.every is None or is_last or self.model.stop_training:
            self._evaluate()
        self._add_newest(logs)

    def on_train_end(self, logs: dict | None = None) -> None:
        self._evaluate()  # a callback listed later may have stopped training
        if self.restore_best_weights and self.best_step is not None:
            self.model.set_weights(self._best_weights)
            if self.params.get("verbose"):
                print(
                    f"Restored the weights of step {self.best_step}, the best: "
                    f"{self._scores.name} = {self.best_score:.4f}"
                )

    # === Scoring ===

    def _reset(self) -> None:
        self.history: list[tuple[int, float | None]] = []
        self.best_step: int | None = None
        self.best_score: float | None = None
        self._best_weights: list | None = None
        self._counter = StepCounter()
        self._newest: dict[str, float] = {}
        self._has_warned = False

    def _evaluate(self) -> None:
        step = self._counter.step
        if self.history and self.history[-1][0] == step:
            return
        scores = self._scores(self.model)
        score = scores[self._scores.name]
        self.history.append((step, score))
        self._newest = {n: s for n, s in scores.items() if s is not None}
        self._warn_of_undefined(scores)
        if score is not None and (
            self.best_score is None or score > self.best_score
        ):
            self.best_step, self.best_score = step, score
            if self.restore_best_weights:
                weights = self.model.get_weights()
                self._best_weights = [np.array(weight) for weight in weights]

    def _add_newest(self, logs: dict | None) -> None:
        if logs is not None:
            logs.update(self._newest)

    def _warn_of_undefined(self, scores: dict[str, float | None]) -> None:
        undefined = [name for name, score in scores.items() if score is None]
        if undefined and not self._has_warned:
            self._has_warned = True
            warnings.warn(
                f"Scores are undefined at step {self._counter.step} and left "
                f"out of the logs: {', '.join(undefined)}. All texts may have "
                "the same embedding, or no finite one.",
                stacklevel=2,
            )


class _TaskScores:
    """The headline scores of a model, by their names in the logs."""

    def __init__(
        self,
        task: Task | list[Task] | tuple[Task, ...],
        name: str | None,
        batch_size: int | None,
    ) -> None:
        self.tasks = list(task) if isinstance(task, (list, tuple)) else [task]
        _check_tasks(self.tasks)
        self.name = _log_name(name or _default_name(self.tasks))
        self.batch_size = batch_size
        self._task_names = [_log_name(task.name) for task in self.tasks]
        if len(self.tasks) > 1:
            _check_different([*self._task_names, self.name])

    def __call__(self, model) -> dict[str, float | None]:
        """One entry for one task, else one per task and their mean."""
        texts = [text for task in self.tasks for text in task.texts()]
        embed = TextEmbeddings(model, texts, self.batch_size)
        scores = [task.score(embed)[0].score for task in self.tasks]
        mean = {self.name: average(scores).value}
        if len(scores) == 1:
            return mean
        values = [score.value for score in scores]
        return dict(zip(self._task_names, values, strict=True)) | mean


def _log_name(name: str) -> str:
    """A name that CSV files, TensorBoard and `ModelCheckpoint` can use."""
    return "val_" + re.sub(r"\W+", "_", name.lower()).strip("_")


def _default_name(tasks: list[Task]) -> str:
    of_similarity = all(isinstance(task, SimilarityTask) for task in tasks)
    return "spearman" if of_similarity else "score"


def _check_tasks(tasks: list[Task]) -> None:
    if not tasks or not all(isinstance(task, Task) for task in tasks):
        raise ValueError(
            "`task` must be a `SimilarityTask`, another `Task`, or a list of "
            f"them. Received: {tasks}"
        )


def _check_different(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise ValueError(
            "The tasks and `name` must have different names in the logs. "
            f"Received: {', '.join(names)}"
        )
