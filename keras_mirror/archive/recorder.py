import threading
import time

import keras

from keras_mirror.archive.record import software_versions
from keras_mirror.archive.step_counter import StepCounter
from keras_mirror.archive.training_run import TrainingRun


class RunRecorder(keras.callbacks.Callback):
    """Keeps `MirrorModel.record` while `fit` runs.

    The record is right after every step: an archive that another callback
    saves tells what its weights have seen, and so does a model whose training
    was interrupted.

    Args:
        model: A `MirrorModel`.
        dataset: What the model is trained on. One made by `mirror_dataset`
            knows its corpus.
        epochs: Integer, the epoch to end with.

    Example:

    >>> model.compile()
    >>> strings = ["a man plays", "a woman"]
    >>> _ = model.fit(strings, batch_size=2, epochs=1, verbose=0)
    >>> model.record.runs[-1].steps
    1
    """

    # Keras may go on with the next step and call this in a thread: to wait for
    # every step would slow down a GPU.
    async_safe = True

    def __init__(self, model, dataset, epochs):
        super().__init__()
        # Not `self.model`: on JAX that writes the state of the running step
        # into the weights, and training goes on from there.
        self._recorded = model
        self.epochs = epochs
        self._lock = threading.Lock()
        self._source = getattr(dataset, "mirror_source", {})

    def before(self, callbacks):
        """These callbacks after this one, so that they save what it knows.

        Args:
            callbacks: What `keras.Model.fit` takes.

        Returns:
            The same with this callback first.
        """
        if isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks.callbacks.insert(0, self)
            return callbacks
        return [self, *keras.tree.flatten(callbacks or [])]

    def on_train_begin(self, logs=None):
        self._before = self._recorded.record
        self._counter = StepCounter()
        self._versions = software_versions()
        self._completed_epochs = 0
        self._initial_epoch = None
        self._start = time.monotonic()

    def on_epoch_begin(self, epoch, logs=None):
        if self._initial_epoch is None:
            self._initial_epoch = epoch
        self._counter.begin_epoch()

    def on_train_batch_end(self, batch, logs=None):
        with self._lock:  # threads may come in any order
            if batch >= self._counter.epoch_step:
                self._counter.end_batch(batch)
                self._update()

    def on_epoch_end(self, epoch, logs=None):
        # Keras ends an epoch also where `stop_training` cut it short.
        planned = (self.params or {}).get("steps")
        if planned is None or self._counter.epoch_step >= planned:
            self._completed_epochs += 1
        self._update()

    def on_train_end(self, logs=None):
        self._update()

    def _update(self):
        if not self._counter.step:
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
