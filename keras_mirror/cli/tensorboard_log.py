"""Curves of a training for TensorBoard, `keras-mirror train --tensorboard`."""

from keras_mirror.optional import import_optional


def step_board(folder: str, initial_step: int = 0):
    """A callback that writes loss and metrics of every step for TensorBoard.

    TensorBoard's own writer needs no TensorFlow, so that it works on every
    backend; `keras.callbacks.TensorBoard` imports TensorFlow, and shows the
    means since the epoch began: of one epoch they hide the curve.

    Args:
        folder: String, where TensorBoard looks.
        initial_step: Integer, the steps of an earlier `fit` whose curves go
            on. Defaults to `0`.

    Returns:
        A `keras.callbacks.Callback`.

    Raises:
        ImportError: The extra `[tensorboard]` is not installed.
    """
    import keras

    from keras_mirror.archive.recorder import StepCounter
    from keras_mirror.archive.recorder import StepValues

    summary = import_optional("tensorboard.summary", "tensorboard")

    class StepBoard(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self._writer = summary.Writer(folder)
            self._counter = StepCounter(initial_step)
            self._values = StepValues()

        def on_epoch_begin(self, epoch, logs=None):
            self._counter.begin_epoch()
            self._values.begin_epoch()

        def on_train_batch_end(self, batch, logs=None):
            self._counter.end_batch(batch)
            own = self._values.of_step(batch, logs or {})
            for name, value in own.items():
                self._writer.add_scalar(name, value, self._counter.step)

        def on_train_end(self, logs=None):
            self._writer.close()

    return StepBoard()
