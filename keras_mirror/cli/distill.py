import dataclasses
import os
import time

import click

from keras_mirror.cli.command import Command
from keras_mirror.cli.completion import complete_models
from keras_mirror.cli.console import echo_warnings
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import progress_bar
from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.facts import Fact
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import check_space
from keras_mirror.cli.files import claim_output
from keras_mirror.cli.files import counted_texts
from keras_mirror.cli.files import named_texts
from keras_mirror.cli.models import fetch_if_named
from keras_mirror.cli.models import save_archive
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.models import weight_bytes
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import check_model_name
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.options import resume_option
from keras_mirror.cli.options import text_options
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.cli.stop_signals import StopSignals

FOLDER_SUFFIX = ".distillation"
HALF = 2  # bytes of a number in float16


def _prefixes(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, ...]:
    try:
        return tuple(map(int, value.split(","))) if value else ()
    except ValueError as error:
        raise click.BadParameter(
            f"must be numbers separated by commas. Received: {value}"
        ) from error


@click.command(cls=Command)
@click.argument(
    "teacher", shell_complete=complete_models, callback=check_model_name
)
@click.argument("texts", nargs=-1, required=True, type=click.Path())
@click.option(
    "--output",
    type=click.Path(),
    required=True,
    help="Archive to write, *.keras.",
)
@click.option(
    "--layers",
    "num_layers",
    type=click.IntRange(1),
    help="Number of the teacher's layers that the student starts with.",
)
@click.option(
    "--width",
    "hidden_dim",
    type=click.IntRange(1),
    help="Hidden size of the student, which starts as a narrowed teacher.",
)
@click.option(
    "--student",
    shell_complete=complete_models,
    callback=check_model_name,
    help="Model to start with: an archive, a name or a folder.",
)
@click.option(
    "--projection",
    type=click.Choice(["kept", "dropped"]),
    default="kept",
    show_default=True,
    help="Where sizes differ: vectors of the teacher's size, or the student's.",
)
@click.option(
    "--dimensions",
    "prefixes",
    callback=_prefixes,
    help="Sizes to which vectors can be cut later, e.g. 64,128.",
)
@click.option(
    "--mirrored",
    is_flag=True,
    help="Show the student both views of every text, with dropout.",
)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Passes over the texts.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(2),
    default=256,
    show_default=True,
    help="Texts per step.",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=1e-3,
    show_default=True,
    help="Learning rate.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="Random seed.",
)
@click.option(
    "--folder",
    type=click.Path(),
    help="Folder that keeps the teacher's vectors for other students. Default: "
    "next to the output, and removed at the end.",
)
@resume_option
@text_options
@result_options("json")
@overwrite_option
@backend_options
def distill(
    teacher: str,
    texts: tuple[str, ...],
    output: str,
    num_layers: int | None,
    hidden_dim: int | None,
    student: str | None,
    projection: str,
    folder: str | None,
    resume: bool,
    column: str | None,
    errors: str,
    encoding: str,
    forms: ResultForms,
    overwrite: bool,
    backend: str | None,
    debug: bool,
    **settings,
) -> int:
    """Trains a small encoder to give TEACHER's vectors for TEXTS.

    TEACHER is an archive, a name, a folder, or a file of vectors that any
    encoder made of the same lines (*.npy, *.parquet). Its vectors are computed
    once, into a folder next to the output; then the student learns them. There
    may be any number of texts. A stopped run continues with --resume.

    At the end the command shows how close the student comes to the teacher, on
    one text in twenty (2,000 at most) that it was not trained on.
    """
    start = time.monotonic()
    check_output(output, overwrite, suffix=".keras")
    kept = folder or os.path.splitext(output)[0] + FOLDER_SUFFIX
    if resume and not os.path.isdir(kept):
        raise click.UsageError(
            "--resume goes on with a distillation that was stopped, and there "
            f"is none of this --output. Expected: {kept}"
        )
    claim_output(os.path.normpath(kept))
    with status("Counting texts"):
        total, opened = counted_texts(
            *texts, column=column, errors=errors, encoding=encoding
        )
    start_keras(backend, debug)
    from keras_mirror.cli.training_progress import TrainingProgress
    from keras_mirror.distillation import DistillationSettings
    from keras_mirror.distillation import steps
    from keras_mirror.distillation.teachers import open_teacher
    from keras_mirror.distillation.training import StudentTraining
    from keras_mirror.distillation.vector_shards import VectorShards

    for name in filter(None, (teacher, student)):
        fetch_if_named(name)
    with usage_errors():
        chosen = DistillationSettings(**settings)
    with status(f"Loading {teacher}"):
        taught_by = open_teacher(teacher)
    with usage_errors():
        model = steps.make_student(
            taught_by,
            *(student, num_layers, hidden_dim, projection, chosen.seed),
        )
        chosen.check_suits(model)
    # The vectors, and the checkpoint with its optimizer.
    num_bytes = HALF * total * taught_by.dim + 3 * weight_bytes(model)
    check_space(kept, num_bytes)
    check_space(output, weight_bytes(model))
    with usage_errors():
        shards = VectorShards(kept, taught_by.key)
    begun = shards.folder / steps.CHECKPOINT
    if begun.exists() and not (resume or overwrite):
        raise click.UsageError(
            f"'{begun}' is of a training that was stopped. Go on with "
            "--resume, or begin anew with --overwrite"
        )
    stop = StopSignals()
    with stop, echo_warnings():
        _teach(taught_by, shards, opened, total, stop)
        if stop.signum is not None:
            return _stopped(kept, stop)
        training = StudentTraining(model, shards, taught_by.dim, chosen)
        checkpoint = steps.begin_checkpoint(
            training, shards, taught_by.key, resume and begun.exists()
        )
        progress = TrainingProgress(training.num_steps, stop, checkpoint.step)
        with progress:
            training.fit([progress], checkpoint)
        if not progress.finished:
            return _stopped(kept, stop)
        with status("Measuring"):
            distillation = steps.finish(model, shards, chosen.prefixes)
        path = save_archive(model, output, overwrite)
    begun.unlink(missing_ok=True)
    if folder is None:
        shards.remove()
    num_empty = total - shards.num_texts
    rows: dict[str, object] = {
        "texts": Fact(
            shards.num_texts, f"{shards.num_texts:,}, {num_empty:,} empty"
        ),
        "empty": Fact(num_empty),
        "steps": training.num_steps,
        "last loss": Fact(progress.loss, f"{progress.loss:.4f}"),
        **_reached_rows(distillation),
        **({"teacher's vectors": folder} if folder else {}),
        "archive": path,
    }
    forms.write(content=print_summary(rows, start))
    named = named_texts(texts[0], column, errors, encoding)
    if taught_by.model is None:
        print_next("index", path, *named, "--output", "texts.index")
    else:
        print_next("compare", teacher, path, *named)
    return 0


def _reached_rows(distillation) -> dict[str, object]:
    prefixes = distillation.of_prefixes.items()
    rows = {f"first {size}": reached for size, reached in prefixes}
    rows = {"reached": distillation.reached, **rows}
    return {
        name: Fact(dataclasses.asdict(reached), str(reached))
        for name, reached in rows.items()
    }


def _teach(taught_by, shards, texts, total: int, stop: StopSignals) -> None:
    from keras_mirror.distillation.steps import teach

    class Stopped(Exception):
        pass

    with progress_bar() as bar:
        task = bar.add_task("Teacher", total=total)

        def on_progress(count: int) -> None:
            bar.update(task, advance=count)
            if stop.signum is not None:
                raise Stopped

        try:
            teach(taught_by, shards, texts, on_progress)
        except Stopped:
            return
        bar.update(task, completed=total)  # empty ones too


def _stopped(kept: str, stop: StopSignals) -> int:
    click.echo(f"what is done is kept in {kept}", err=True)
    click.echo("to resume: run the same command with --resume", err=True)
    return stop.code
