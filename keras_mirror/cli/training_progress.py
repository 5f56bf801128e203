from collections.abc import Sequence

import click
import keras

from keras_mirror.archive.recorder import StepValues
from keras_mirror.callbacks import TrainingCheckpoint
from keras_mirror.cli.console import echo_warnings
from keras_mirror.cli.console import progress_bar
from keras_mirror.cli.console import status
from keras_mirror.cli.stop_signals import StopSignals
from keras_mirror.data import Corpus
from keras_mirror.data.mirror_dataset import corpus_dataset
from keras_mirror.distribution import active_replicas
from keras_mirror.encoder.fitting_batches import FittingSlices
from keras_mirror.encoder.fitting_batches import fitting_slices
from keras_mirror.guide import Guide


def fit_with_progress(
    model,
    corpus: Corpus,
    seed: int,
    stop: StopSignals,
    checkpoint: TrainingCheckpoint | None = None,
    resume: bool = False,
    callbacks: Sequence = (),
    product_dtype: str | None = "auto",
) -> "TrainingProgress":
    """Mirror-fine-tunes as the recipe says, under a progress bar.

    Args:
        model: A compiled `MirrorModel`.
        corpus: A `Corpus` that `tell_corpus` has told.
        seed: Integer.
        stop: The `StopSignals` that end training after a step.
        checkpoint: A `TrainingCheckpoint`. It is written where training is
            stopped too. Defaults to `None`: none.
        resume: Boolean, whether to go on from the checkpoint. Defaults to
            `False`.
        callbacks: List of `keras.callbacks.Callback`. Defaults to none.
        product_dtype: String, see `MirrorModel.fit`. Defaults to `"auto"`.

    Returns:
        The `TrainingProgress`.
    """
    guide = _guide(model, corpus) if model.recipe.is_guided else None
    with echo_warnings(), status("Tokenizing"):
        dataset = corpus_dataset(
            corpus, model.preprocessor, seed=seed, guide=guide
        )
        slices = _fitting_slices(model, dataset)
    planned = len(dataset) * model.recipe.epochs
    if checkpoint and resume:
        checkpoint.restore(model)
    done = checkpoint.step if checkpoint else 0
    progress = TrainingProgress(planned, stop, done)
    if slices:
        progress.memory = str(slices)
        click.echo(f"memory  {slices}", err=True)
    callbacks = [*callbacks, *([checkpoint] if checkpoint else []), progress]
    if not progress.finished:
        epochs = model.recipe.epochs
        with progress:
            model.fit(
                dataset.rest(done, epochs) if done else dataset,
                epochs=1 if done else epochs,
                verbose=0,
                callbacks=callbacks,
                mini_batch_size=slices and slices.mini_batch_size,
                product_dtype=product_dtype,
            )
    if checkpoint:
        if checkpoint.step and not progress.finished:
            checkpoint.save()
        model.record = checkpoint.joined(model.record)
    return progress


def _guide(model, corpus: Corpus) -> Guide:
    """Makes the guide of the corpus from the untrained model."""
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
    """A progress bar over all steps, and a clean end where training is stopped.

    A signal ends training after the current step, so that the weights are
    whole.

    Args:
        planned: Integer, the number of steps of all epochs.
        stop: The `StopSignals`.
        steps: Integer, the steps that were done before. Defaults to `0`.
    """

    def __init__(self, planned: int, stop: StopSignals, steps: int = 0) -> None:
        super().__init__()
        self.planned = planned
        self.steps = steps
        self.loss = float("nan")
        self.memory: str | None = None  # why batches are computed in parts
        self._values = StepValues()
        self._stop = stop
        self._bar = progress_bar()
        self._task = self._bar.add_task(
            "Training", total=planned, completed=steps
        )

    def __enter__(self) -> "TrainingProgress":
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    @property
    def finished(self) -> bool:
        return self.steps == self.planned

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        self.steps += 1
        loss = {"loss": float(logs["loss"])}
        self.loss = self._values.of_step(batch, loss)["loss"]
        self._bar.update(
            self._task,
            completed=self.steps,
            description=f"Training, loss {self.loss:.3f}",
        )
        self._stop_if_told()

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        self._values.begin_epoch()
        self._stop_if_told()

    def _stop_if_told(self) -> None:
        if self._stop.signum is not None:
            self._bar.update(self._task, description="Stopping after this step")
            self.model.stop_training = True
