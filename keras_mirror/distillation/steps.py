"""The stages of a distillation, in order."""

import dataclasses
import os
from collections.abc import Callable
from collections.abc import Iterable
from typing import Any

import keras

from keras_mirror.callbacks import TrainingCheckpoint
from keras_mirror.distillation.held_out import SMALLEST
from keras_mirror.distillation.held_out import Reached
from keras_mirror.distillation.held_out import held_out
from keras_mirror.distillation.held_out import measure
from keras_mirror.distillation.student import smaller_copy
from keras_mirror.distillation.teachers import GivenVectors
from keras_mirror.distillation.teachers import ModelTeacher
from keras_mirror.distillation.training import StudentTraining
from keras_mirror.distillation.vector_shards import VectorShards
from keras_mirror.encoder.fingerprint import fingerprint
from keras_mirror.encoder.replaced_end import check_encoder
from keras_mirror.encoder.replaced_end import with_encoder
from keras_mirror.encoder.replaced_end import with_end
from keras_mirror.integrations.load_model import as_model
from keras_mirror.integrations.load_model import is_archive
from keras_mirror.integrations.load_model import load_model
from keras_mirror.presets.load_preset import is_encoder
from keras_mirror.recipes import RAW_POOLING

PROJECTIONS = ("kept", "dropped")
CHECKPOINT = "student.checkpoint.npz"


@dataclasses.dataclass(frozen=True)
class Distillation:
    """The result of `distill`.

    Args:
        model: The student, a `MirrorModel`.
        reached: How close it comes to its teacher, a `Reached`.
        of_prefixes: Dict from each of the `prefixes` to the `Reached` of these
            first numbers of its vectors alone.
        num_texts: Integer, the number of texts with a vector of the teacher.

    Example:

    ```python
    distillation = keras_mirror.distill(model, texts, num_layers=2)
    print(distillation.reached)
    distillation.model.save("student.keras")
    ```
    """

    model: Any
    reached: Reached
    of_prefixes: dict[int, Reached]
    num_texts: int


def teach(
    teacher: ModelTeacher | GivenVectors,
    shards: VectorShards,
    texts: Iterable[str],
    on_progress: Callable[[int], object] | None = None,
) -> None:
    """Fills `shards`; refuses too few texts, and vectors without a text."""
    shards.fill(texts, teacher, on_progress)
    teacher.check_number(shards.num_read)
    if shards.num_texts < SMALLEST:
        raise ValueError(
            f"Distillation needs at least {SMALLEST} texts: one in twenty is "
            f"held out. Received: {shards.num_texts}"
        )


def make_student(
    teacher: ModelTeacher | GivenVectors,
    student=None,
    num_layers: int | None = None,
    hidden_dim: int | None = None,
    projection: str = "kept",
    seed: int = 0,
):
    """The model to train, see `distill`; a given model is copied.

    The seed decides its random weights, so that a training that resumes in
    another process begins with the same student.
    """
    keras.utils.set_random_seed(seed)
    if projection not in PROJECTIONS:
        raise ValueError(
            f"`projection` must be one of {PROJECTIONS}. "
            f"Received: projection={projection!r}"
        )
    sizes = {"num_layers": num_layers, "hidden_dim": hidden_dim}
    given = {name: size for name, size in sizes.items() if size is not None}
    if student is not None:
        if given:
            raise ValueError(
                "`student` has its own sizes: give either `student` or "
                f"{' and '.join(given)}"
            )
        model = _opened(student)
    elif teacher.model is None or not given:
        raise ValueError(
            "A student needs a model to start from: give `student`, or, if "
            "the teacher is a model, `num_layers` or `hidden_dim`"
        )
    else:
        model = smaller_copy(teacher.model, **given)
    record = dataclasses.replace(
        model.record, teacher=teacher.name, scores={}, notes=()
    )
    own = model.encoder.output_shape[-1]
    if projection == "kept" and own != teacher.dim:
        check_encoder(model.encoder)
        encoder = with_end(model.encoder, projection_dim=teacher.dim)
        model = with_encoder(model, encoder)
    model.record = record
    return model


def begin_checkpoint(
    training: StudentTraining, shards: VectorShards, teacher: str, resume: bool
) -> TrainingCheckpoint:
    """Makes the checkpoint of a training, and restores it to resume.

    Raises:
        FileNotFoundError: There is no checkpoint to resume from.
        ValueError: It belongs to another training.
    """
    facts = {
        **training.facts(),
        "teacher": teacher,
        "texts": shards.num_texts,
        "student": fingerprint(training.student),
    }
    path = shards.folder / CHECKPOINT
    checkpoint = TrainingCheckpoint(path, facts)
    if resume:
        checkpoint.restore(training.distiller)
    return checkpoint


def finish(
    student, shards: VectorShards, prefixes: tuple[int, ...] = ()
) -> Distillation:
    """Measures how close a student comes to its teacher, for its record."""
    texts, theirs = held_out(shards)
    ours = student.encode_text(texts)
    reached = measure(ours, theirs)
    of_prefixes = {size: measure(ours[:, :size], theirs) for size in prefixes}
    student.record = student.record.with_notes(
        f"it learned its teacher's vectors of {shards.num_texts:,} texts and "
        f"keeps {reached}",
        *(
            f"the first {size} numbers alone keep {of_prefix}"
            for size, of_prefix in of_prefixes.items()
        ),
    )
    return Distillation(student, reached, of_prefixes, shards.num_texts)


def _opened(student):
    if not isinstance(student, (str, os.PathLike)) or is_archive(student):
        model = as_model(student)
        return with_encoder(model, _copy_of(model.encoder))
    # A language model has no pooling of its own.
    pooling = {} if is_encoder(student) else RAW_POOLING
    return load_model(student, **pooling)


def _copy_of(encoder):
    copy = type(encoder).from_config(encoder.get_config())
    copy.set_weights(encoder.get_weights())
    return copy
