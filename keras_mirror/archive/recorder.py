import threading
import time

import keras

from keras_mirror.archive.record import software_versions
from keras_mirror.archive.training_run import TrainingRun


class StepCounter:
    """The number of training steps since `fit` began, over all epochs.

    Keras numbers the batches of each epoch from 0. With `steps_per_execution`
    it reports only the last of the batches that run together.

    Args:
        initial: Integer, the steps of an earlier `fit`. Defaults to `0`.

    Attributes:
        step: Integer, the steps of all epochs.
        epoch_step: Integer, the steps of the running epoch.

    Example:

    >>> counter = StepCounter()
    >>> for epoch in range(2):
    ...     counter.begin_epoch()
    ...     counter.end_batch(0)
    ...     counter.end_batch(1)
    >>> counter.step, counter.epoch_step
    (4, 2)
    """

    def __init__(self, initial: int = 0) -> None:
        self.epoch_step = 0
        self._in_earlier_epochs = initial

    @property
    def step(self) -> int:
        return self._in_earlier_epochs + self.epoch_step

    def begin_epoch(self) -> None:
        self._in_earlier_epochs += self.epoch_step
        self.epoch_step = 0

    def end_batch(self, batch: int) -> None:
        self.epoch_step = batch + 1


class StepValues:
    """Each step's own values, out of the running means that Keras logs.

    It assumes batches of equal size, as `mirror_dataset` makes them. A NaN
    stays in Keras's mean, and so in these values, until the epoch ends.

    Example:

    >>> values = StepValues()
    >>> values.begin_epoch()
    >>> values.of_step(0, {"loss": 3.0}), values.of_step(1, {"loss": 2.0})
    ({'loss': 3.0}, {'loss': 1.0})
    """

    def begin_epoch(self) -> None:
        self._sums: dict[str, float] = {}
        self._num_steps = 0

    def of_step(self, batch: int, logs: dict) -> dict[str, float]:
        """The mean over the steps since the last call, usually one."""
        before, self._num_steps = self._num_steps, batch + 1
        sums = {name: mean * (batch + 1) for name, mean in logs.items()}
        values = {
            name: (total - self._sums.get(name, 0.0)) / (batch + 1 - before)
            for name, total in sums.items()
        }
        self._sums = sums
        return values


class RunRecorder(keras.callbacks.Callback):
    """Keeps `MirrorModel.record` while `fit` runs.

    The record is up to date after every step, so it is right in archives that
    another callback saves and in models whose training was interrupted.

    Args:
        model: A `MirrorModel`.
        dataset: The training data. One made by `mirror_dataset` knows its
            corpus.
        epochs: Integer, the number of the last epoch.
        product_dtype: String, the dtype in which `fit` multiplies by weights.
            Defaults to `None`: the model's dtype.
    """

    # Keras may call this in a thread while the next step runs: waiting for
    # every step would slow down a GPU.
    async_safe = True

    def __init__(
        self, model, dataset, epochs: int, product_dtype: str | None = None
    ):
        super().__init__()
        # Not `self.model`: reading it on JAX writes the state of the running
        # step into the weights, and training goes on from there.
        self._recorded = model
        self.epochs = epochs
        self._product_dtype = product_dtype
        self._lock = threading.Lock()
        self._source = getattr(dataset, "mirror_source", {})

    def before(self, callbacks, *others):
        """Puts this callback first, so that the others save what it recorded.

        Args:
            callbacks: As in `keras.Model.fit`.
            *others: Callbacks to put second.

        Returns:
            All of them, for `keras.Model.fit`.
        """
        if isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks.callbacks[:0] = [self, *others]
            return callbacks
        return [self, *others, *keras.tree.flatten(callbacks or [])]

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._before = self._recorded.record
        self._counter = StepCounter()
        self._versions = software_versions()
        if self._product_dtype:
            products = f", products in {self._product_dtype}"
            self._versions["backend"] += products
        self._completed_epochs = 0
        self._initial_epoch: int | None = None
        self._start = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        if self._initial_epoch is None:
            self._initial_epoch = epoch
        self._counter.begin_epoch()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        with self._lock:  # threads may run in any order
            if batch >= self._counter.epoch_step:
                self._counter.end_batch(batch)
                self._update()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        # Keras ends an epoch also where `stop_training` cut it short.
        planned = (self.params or {}).get("steps")
        if planned is None or self._counter.epoch_step >= planned:
            self._completed_epochs += 1
        self._update()

    def on_train_end(self, logs: dict | None = None) -> None:
        self._update()

    def _update(self) -> None:
        if self._initial_epoch is None or not self._counter.step:
            return
        run = TrainingRun(
            **self._source,
            epochs=self.epochs - self._initial_epoch,
            completed_epochs=self._completed_epochs,
            steps=self._counter.step,
            seconds=round(time.monotonic() - self._start, 3),
            versions=self._versions,
        )
        self._recorded.record = self._before.with_run(run)
