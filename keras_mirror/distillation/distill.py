import contextlib
import os
import pathlib
import tempfile
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import keras

from keras_mirror.data.read_corpus import stream_texts
from keras_mirror.distillation.steps import Distillation
from keras_mirror.distillation.steps import begin_checkpoint
from keras_mirror.distillation.steps import finish
from keras_mirror.distillation.steps import make_student
from keras_mirror.distillation.steps import teach
from keras_mirror.distillation.teachers import open_teacher
from keras_mirror.distillation.training import DistillationSettings
from keras_mirror.distillation.training import StudentTraining
from keras_mirror.distillation.vector_shards import VectorShards

OnProgress = Callable[[str, int, int | None], object]


def distill(
    teacher,
    texts,
    student=None,
    *,
    num_layers: int | None = None,
    hidden_dim: int | None = None,
    projection: str = "kept",
    column: str | None = None,
    encoding: str = "utf-8",
    folder: str | os.PathLike[str] | None = None,
    resume: bool = False,
    callbacks=(),
    on_progress: OnProgress | None = None,
    **settings,
) -> Distillation:
    """Makes a small encoder that gives the vectors of a large one.

    The teacher's vectors of all texts are computed once and written to a
    folder. Then a student is trained to give the same vectors, see
    `keras_mirror.losses.distillation_loss`. The number of texts is not limited:
    memory holds a few thousand.

    Reference:
        - [Reimers and Gurevych, 2020](https://arxiv.org/abs/2004.09813)

    Args:
        teacher: A `MirrorModel`, the path of its archive, or what
            `MirrorModel.from_preset` takes. Or the vectors of another encoder:
            an array of shape `(num_texts, teacher_dim)` or a file (`.npy`,
            `.parquet`), with row `i` for text `i`, empty texts included.
        texts: A path, several paths, or strings, as in `mirror_dataset`.
            Paths are read as a stream.
        student: The model to start from, given as `teacher`, but not as
            vectors. Defaults to `None`: a smaller copy of the teacher.
        num_layers, hidden_dim: Integers, the sizes of that copy, see
            `keras_mirror.distillation.smaller_copy`.
        projection: String. Matters if the student's vectors have another size
            than the teacher's. `"kept"` makes the projection to the teacher's
            size a part of the student, which then gives vectors in the
            teacher's space; `"dropped"` keeps the student's size. Defaults to
            `"kept"`.
        column, encoding: Strings, for files, see
            `keras_mirror.data.read_texts`.
        folder: String or path of a folder that keeps the teacher's vectors, in
            float16: an interrupted call resumes there, and another student can
            use them. Training writes a checkpoint there every five minutes.
            Defaults to `None`: a temporary folder.
        resume: Boolean, whether to resume an interrupted training in `folder`:
            it ends with the weights of an uninterrupted one. Defaults to
            `False`: training starts from the beginning.
        callbacks: List of `keras.callbacks.Callback` for the training.
            Defaults to none.
        on_progress: Function of the name of a stage (`"teacher"`,
            `"training"`), the amount of work just done, and the total, `None`
            if it is unknown. Defaults to `None`.
        **settings: Fields of
            `keras_mirror.distillation.DistillationSettings`: `epochs`,
            `batch_size`, `learning_rate`, `prefixes`, `mirrored`, `seed`.

    Returns:
        A `Distillation`.

    Raises:
        ValueError: There are fewer than 40 texts, there is no model to start
            from, or a value is out of range.

    Example:

    >>> texts = [f"{number} dogs run" for number in range(60)]
    >>> distillation = distill(model, texts, num_layers=1, batch_size=19)
    >>> distillation.model.encode_text(["a dog"]).shape[0]
    1
    """
    tell = on_progress or (lambda part, count, total: None)
    chosen = DistillationSettings(**settings)
    taught_by = open_teacher(teacher)
    model = make_student(
        taught_by, student, num_layers, hidden_dim, projection, chosen.seed
    )
    with _folder(folder) as place:
        shards = VectorShards(place, taught_by.key)
        total = len(texts) if isinstance(texts, list) else None
        teach(
            taught_by,
            shards,
            stream_texts(texts, column, encoding),
            lambda count: tell("teacher", count, total),
        )
        training = StudentTraining(model, shards, taught_by.dim, chosen)
        steps = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: tell(
                "training", 1, training.num_steps
            )
        )
        checkpoint = begin_checkpoint(training, shards, taught_by.key, resume)
        training.fit([*callbacks, steps], checkpoint)
        if training.is_complete(checkpoint):
            pathlib.Path(checkpoint.path).unlink(missing_ok=True)
        return finish(model, shards, chosen.prefixes)


@contextlib.contextmanager
def _folder(folder: str | os.PathLike[str] | None) -> Iterator[Any]:
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="keras-mirror-") as temporary:
        yield temporary
