import csv
import os

import keras

from keras_mirror.archive.recorder import StepCounter
from keras_mirror.archive.recorder import StepValues


class StepLog(keras.callbacks.Callback):
    """Writes a CSV file with one line per step: `step,loss,<metrics>`.

    Keras logs running means; this writes each step's own values, see
    `keras_mirror.archive.recorder.StepValues`.

    Every line is in the file before the next step begins, so the log of a
    killed run is complete. Scores with `val_` names do not belong to a batch
    and are left out: see `SimilarityEvaluation.history`.

    Args:
        path: String or path of the file.
        overwrite: Boolean, whether an existing file is replaced when training
            begins. Defaults to `False`.
        initial_step: Integer, the steps of an earlier `fit` whose lines the
            file holds; new lines are appended to them. Defaults to `0`.

    Raises:
        FileExistsError: The file exists, and `overwrite` is `False`.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "steps.csv")
    >>> model.compile(metrics=["alignment"])
    >>> _ = model.fit(
    ...     ["a man plays", "a woman"],
    ...     batch_size=2,
    ...     epochs=1,
    ...     verbose=0,
    ...     callbacks=[StepLog(path)],
    ... )
    >>> path.read_text().splitlines()[0]
    'step,loss,alignment'
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        overwrite: bool = False,
        initial_step: int = 0,
    ) -> None:
        super().__init__()
        self.path = path
        self.overwrite = overwrite
        self.initial_step = initial_step
        self._refuse_existing()

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._refuse_existing()
        rows = self._earlier_rows()
        # A path that cannot be written fails here.
        with open(self.path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        self._counter = StepCounter(self.initial_step)
        self._values = StepValues()
        self._names: list[str] | None = rows[0][1:] if rows else None

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._counter.begin_epoch()
        self._values.begin_epoch()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._counter.end_batch(batch)
        means = {
            name: mean
            for name, mean in (logs or {}).items()
            if not name.startswith("val_")
        }
        self._write(self._values.of_step(batch, means))

    def _write(self, values: dict[str, float]) -> None:
        rows: list[list] = []
        if self._names is None:
            self._names = sorted(values, key=lambda name: name != "loss")
            rows.append(["step", *self._names])
        rows.append([self._counter.step, *(values[n] for n in self._names)])
        # Opened for every line: no run, however it ends, leaves it open.
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)

    def _earlier_rows(self) -> list[list[str]]:
        """The header and the lines of the earlier steps, if there are any."""
        if not self.initial_step or not os.path.exists(self.path):
            return []
        with open(self.path, newline="", encoding="utf-8") as file:
            return list(csv.reader(file))[: self.initial_step + 1]

    def _refuse_existing(self) -> None:
        is_new = not self.overwrite and not self.initial_step
        if is_new and os.path.exists(self.path):
            raise FileExistsError(
                "`path` must be a new file, or `overwrite` must be True. "
                f"Received: path={str(self.path)!r}"
            )
