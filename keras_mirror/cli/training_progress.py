import signal
import threading
from collections.abc import Sequence

import click
import keras

from keras_mirror.cli.console import echo_warnings
from keras_mirror.cli.console import progress_bar
from keras_mirror.cli.console import status
from keras_mirror.data import Corpus
from keras_mirror.data.mirror_dataset import mirror_dataset
from keras_mirror.distribution import active_replicas
from keras_mirror.encoder.fitting_batches import FittingSlices
from keras_mirror.encoder.fitting_batches import fitting_slices
from keras_mirror.guide import Guide


def fit_with_progress(
    model, corpus: Corpus, seed: int | None, callbacks: Sequence = ()
) -> "TrainingProgress":
    """Mirror-fine-tunes as the recipe says, under a progress bar.

    Args:
        model: A compiled `MirrorModel`.
        corpus: A `Corpus`.
        seed: Integer or `None`.
        callbacks: List of `keras.callbacks.Callback`. Defaults to none.

    Returns:
        The `TrainingProgress`.
    """
    guide = _guide(model, corpus) if model.recipe.is_guided else None
    with echo_warnings(), status("Tokenizing"):
        dataset = mirror_dataset(
            corpus, model.preprocessor, seed=seed, guide=guide
        )
        slices = _fitting_slices(model, dataset)
    progress = TrainingProgress(len(dataset) * model.recipe.epochs)
    if slices:
        progress.memory = str(slices)
        click.echo(f"memory  {slices}", err=True)
    with progress:
        model.fit(
            dataset,
            verbose=0,
            callbacks=[*callbacks, progress],
            mini_batch_size=slices and slices.mini_batch_size,
        )
    return progress


def _guide(model, corpus: Corpus) -> Guide:
    """What the model holds of the corpus before it is trained."""
    total = len(corpus.different_texts)
    with progress_bar() as bar:
        task = bar.add_task("Guide", total=total)
        return Guide.of(
            model,
            corpus,
            on_progress=lambda count: bar.update(task, advance=count),
        )


def _fitting_slices(model, dataset) -> FittingSlices | None:
    if model.recipe.mini_batch_size:
        return None
    # All processes as the first one says: each sees other memory free.
    return active_replicas().broadcast(fitting_slices(model, dataset))


class TrainingProgress(keras.callbacks.Callback):
    """A progress bar over all steps, and a clean end on Ctrl-C.

    The first Ctrl-C ends training after the current step, so that the weights
    are whole; the second one stops at once.

    Args:
        planned: Integer, the number of steps of all epochs.
    """

    def __init__(self, planned: int) -> None:
        super().__init__()
        self.planned = planned
        self.steps = 0
        self.loss = float("nan")
        self.memory: str | None = None  # why batches are computed in parts
        self._bar = progress_bar()
        self._task = self._bar.add_task("Training", total=planned)
        self._stop = False

    def __enter__(self) -> "TrainingProgress":
        # Signals reach the main thread only.
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._interrupt)
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._previous)

    @property
    def finished(self) -> bool:
        return self.steps == self.planned

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        self.steps += 1
        self.loss = float(logs["loss"])
        self._bar.update(
            self._task,
            completed=self.steps,
            description=f"Training, loss {self.loss:.3f}",
        )
        self.model.stop_training = self.model.stop_training or self._stop

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        self.model.stop_training = self.model.stop_training or self._stop

    def _interrupt(self, signum: int, frame) -> None:
        if self._stop:
            raise KeyboardInterrupt
        self._stop = True
        self._bar.update(self._task, description="Stopping after this step")
