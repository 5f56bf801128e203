import dataclasses
from collections.abc import Sequence

import keras

from keras_mirror.archive.record import software_versions
from keras_mirror.archive.recorder import RunRecorder
from keras_mirror.arguments import check_integer
from keras_mirror.callbacks import TrainingCheckpoint
from keras_mirror.distillation.batches import DistillationBatches
from keras_mirror.distillation.distiller import Distiller
from keras_mirror.distillation.shard_pools import ShardPools
from keras_mirror.distillation.vector_shards import VectorShards
from keras_mirror.finite import FiniteTraining
from keras_mirror.finite import tells_of_weights
from keras_mirror.losses import SIMILARITY_WEIGHT
from keras_mirror.optimizers import AdamW
from keras_mirror.optimizers import warmup_then_cosine
from keras_mirror.preprocessing.padding import as_dataset

WEIGHT_DECAY = 0.01  # PyTorch's


@dataclasses.dataclass(frozen=True)
class DistillationSettings:
    """How a student is trained.

    Args:
        epochs: Integer, the passes over the texts. Defaults to `1`.
        batch_size: Integer, at least 2. Defaults to `256`.
        learning_rate: Float, the peak value: linear warmup over a twentieth of
            the steps, then cosine decay to 0. Defaults to `1e-3`.
        prefixes: Tuple of integers, see
            `keras_mirror.losses.distillation_loss`. Defaults to none.
        mirrored: Boolean, whether the student sees both views of every text,
            with dropout. Defaults to `False`.
        similarity_weight: Float, see `distillation_loss`.
        seed: Integer, the seed of the order and of the views. Defaults to `0`.

    Example:

    >>> DistillationSettings(epochs=2).batch_size
    256
    """

    epochs: int = 1
    batch_size: int = 256
    learning_rate: float = 1e-3
    prefixes: tuple[int, ...] = ()
    mirrored: bool = False
    similarity_weight: float = SIMILARITY_WEIGHT
    seed: int = 0

    def __post_init__(self) -> None:
        check_integer("epochs", self.epochs)
        check_integer("batch_size", self.batch_size, smallest=2)
        check_integer("seed", self.seed, 0, 2**32 - 1)
        if not 0 < self.learning_rate < 1:
            raise ValueError(
                "`learning_rate` must be a number between 0 and 1. Received: "
                f"learning_rate={self.learning_rate!r}"
            )

    def check_suits(self, student) -> None:
        """Raises a ValueError if a prefix is not shorter than its vectors."""
        longest = student.encoder.output_shape[-1] - 1
        for prefix in self.prefixes:
            check_integer("prefixes", prefix, 1, longest)


class StudentTraining:
    """Trains a student on the texts and vectors of `VectorShards`.

    Args:
        student: A `MirrorModel`. Its encoder is trained, in place.
        shards: A filled `VectorShards`.
        teacher_dim: Integer, the size of its vectors.
        settings: A `DistillationSettings`.

    Attributes:
        num_steps: Integer, the steps of all epochs.

    Raises:
        ValueError: A prefix is not shorter than the student's vectors.
    """

    def __init__(
        self,
        student,
        shards: VectorShards,
        teacher_dim: int,
        settings: DistillationSettings,
    ) -> None:
        self.student = student
        self.settings = settings
        settings.check_suits(student)
        keras.utils.set_random_seed(settings.seed)
        self._pools = ShardPools(
            shards, student.preprocessor, settings.batch_size, settings.seed
        )
        self.num_steps = settings.epochs * self._pools.num_batches
        self.distiller = Distiller(
            student,
            teacher_dim,
            settings.prefixes,
            settings.similarity_weight,
            dropout=settings.mirrored,
        )
        schedule = warmup_then_cosine(settings.learning_rate, self.num_steps)
        optimizer = AdamW(schedule, weight_decay=WEIGHT_DECAY)
        self.distiller.compile(optimizer)
        optimizer.build(self.distiller.trainable_variables)

    def facts(self) -> dict:
        """What must be the same when training resumes, for a checkpoint."""
        return {
            **dataclasses.asdict(self.settings),
            "prefixes": list(self.settings.prefixes),
            "steps": self.num_steps,
            "backend": software_versions()["backend"],
        }

    def is_complete(self, checkpoint: TrainingCheckpoint) -> bool:
        """Whether all steps are done, and nothing is left to resume."""
        return checkpoint.step == self.num_steps

    def fit(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        checkpoint: TrainingCheckpoint,
    ) -> None:
        """Trains; after a restored checkpoint, only the remaining steps.

        The checkpoint is also written if a callback stops the training.

        Args:
            callbacks: List of `keras.callbacks.Callback`.
            checkpoint: A `TrainingCheckpoint`.

        Raises:
            FloatingPointError: The loss or a gradient is not finite.
        """
        if self.is_complete(checkpoint):
            return
        batches = DistillationBatches(
            self._pools,
            self.student.preprocessor,
            self.settings.epochs,
            self.settings.mirrored,
            self.settings.seed,
            first_step=checkpoint.step,
        )
        dataset = as_dataset(batches)
        dataset.mirror_source = {"batch_size": self._pools.batch_size}
        recorder = RunRecorder(self.distiller, dataset, self.settings.epochs)
        with tells_of_weights(self.distiller):
            self.distiller.fit(
                dataset,
                epochs=1,
                verbose=0,
                shuffle=False,
                callbacks=recorder.before(
                    [checkpoint, *callbacks], FiniteTraining(False)
                ),
            )
        if checkpoint.step and not self.is_complete(checkpoint):
            checkpoint.save()
        self._record(checkpoint)

    def _record(self, checkpoint: TrainingCheckpoint) -> None:
        record = checkpoint.joined(self.distiller.record)
        *runs, run = record.runs
        epochs = run.steps // self._pools.num_batches
        run = dataclasses.replace(run, completed_epochs=epochs)
        self.student.record = dataclasses.replace(record, runs=(*runs, run))
