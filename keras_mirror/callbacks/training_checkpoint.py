import dataclasses
import os
import time
import warnings

import keras
from keras import ops

from keras_mirror.archive.checkpoint_file import read_checkpoint
from keras_mirror.archive.checkpoint_file import write_checkpoint
from keras_mirror.archive.record import TrainingRecord
from keras_mirror.archive.training_run import TrainingRun
from keras_mirror.archive.training_run import checked_run
from keras_mirror.arguments import check_integer
from keras_mirror.content_errors import content_errors
from keras_mirror.distribution import random_state
from keras_mirror.distribution import set_random_state
from keras_mirror.optimizers import training_variables


class TrainingCheckpoint(keras.callbacks.Callback):
    """Writes all that is needed to resume training, every few minutes.

    It writes the weights, the optimizer, the states of random seeds, and the
    number of steps done. A training that resumes from it with the same seed,
    corpus and recipe, on the same backend, ends with the same weights as one
    that was never stopped.

    Args:
        path: String or path of the file, `*.npz`.
        facts: Dict for JSON of what must be the same when training resumes.
        seconds: Float, the time between two writes. Defaults to `300.0`.

    Attributes:
        step: Integer, the steps of this training, including those before it
            resumed.

    Example:

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "encoder.checkpoint.npz")
    >>> checkpoint = TrainingCheckpoint(path, {"seed": 7}, seconds=0)
    >>> model.compile()
    >>> _ = model.fit(
    ...     ["a man plays", "a woman"],
    ...     batch_size=2,
    ...     epochs=2,
    ...     verbose=0,
    ...     callbacks=[checkpoint],
    ... )
    >>> again = TrainingCheckpoint(path, {"seed": 7})
    >>> again.restore(model)
    >>> again.step
    2
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        facts: dict,
        seconds: float = 300.0,
    ) -> None:
        super().__init__()
        self.path = path
        self.facts = facts
        self.seconds = seconds
        self.step = 0
        self._earlier: TrainingRun | None = None

    def restore(self, model) -> None:
        """Sets a compiled model back to what the file holds.

        Args:
            model: A `MirrorModel`.

        Raises:
            OSError: There is no such file.
            ValueError: It is damaged, or belongs to another training.
        """
        facts, values = read_checkpoint(self.path)
        with content_errors(self.path, "is not a training checkpoint"):
            step = check_integer("step", facts.pop("step"), smallest=0)
            run = checked_run(facts.pop("run"))
        _check_same(self.path, self.facts, facts)
        variables = training_variables(model)
        shapes = [tuple(variable.shape) for variable in variables]
        values, state = values[: len(shapes)], values[len(shapes) :]
        if shapes != [value.shape for value in values]:
            raise ValueError(
                f"'{self.path}' holds another model: its weights have other "
                "shapes"
            )
        for variable, value in zip(variables, values, strict=True):
            variable.assign(ops.cast(value, variable.dtype))
        set_random_state(state)
        self.step, self._earlier = step, run

    def save(self) -> None:
        """Writes the file now; a half-written one is never seen."""
        # On JAX, reading `self.model` brings the weights up to date.
        values = list(map(ops.convert_to_numpy, training_variables(self.model)))
        values += self._state
        facts = {
            **self.facts,
            "step": self.step,
            "run": dataclasses.asdict(self.joined(self.model.record).runs[-1]),
        }
        write_checkpoint(self.path, facts, values)

    def joined(self, record: TrainingRecord) -> TrainingRecord:
        """A record whose last run is the whole training, not its resumed part.

        Args:
            record: The `TrainingRecord` of the model.

        Returns:
            A `TrainingRecord`.
        """
        before = self._earlier
        if before is None:
            return record
        if self.step == before.steps:  # no step was done since
            return record.with_run(before)
        *runs, run = record.runs
        whole = _joined(before, run)
        return dataclasses.replace(record, runs=(*runs, whole))

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._written = time.monotonic()
        self._state = random_state()

    def on_train_batch_begin(
        self, batch: int, logs: dict | None = None
    ) -> None:
        # PyTorch's data loaders draw too, once per epoch, and the rest of a
        # training runs as one epoch.
        set_random_state(self._state)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.step += 1
        self._state = random_state()
        if time.monotonic() - self._written >= self.seconds:
            self._try_to_save()
            self._written = time.monotonic()

    def _try_to_save(self) -> None:
        try:
            self.save()
        except OSError as error:  # training continues without it
            warnings.warn(
                f"'{self.path}' cannot be written: {error}", stacklevel=3
            )


def _check_same(path, ours: dict, theirs: dict) -> None:
    for name, value in ours.items():
        if theirs.get(name) != value:
            raise ValueError(
                f"'{path}' belongs to another training: its {name} was "
                f"{theirs.get(name)!r}. Received: {value!r}"
            )


def _joined(before: TrainingRun, run: TrainingRun) -> TrainingRun:
    steps = before.steps + run.steps
    completed = before.completed_epochs + run.completed_epochs
    if run.corpus and run.batch_size:
        completed = steps // (run.corpus["num_strings"] // run.batch_size)
    return dataclasses.replace(
        run,
        epochs=before.epochs,
        completed_epochs=completed,
        steps=steps,
        seconds=round(before.seconds + run.seconds, 3),
    )
