"""One training of `keras-mirror train`, with one seed."""

import itertools
import pathlib
import secrets
import time
from typing import Any
from typing import NamedTuple

import click

from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.devices import is_worker
from keras_mirror.cli.devices import training_devices
from keras_mirror.cli.facts import Fact
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import check_space
from keras_mirror.cli.files import check_unused
from keras_mirror.cli.files import checkpoint_path
from keras_mirror.cli.files import claim_output
from keras_mirror.cli.files import interrupted_path
from keras_mirror.cli.files import open_texts
from keras_mirror.cli.models import open_model
from keras_mirror.cli.models import open_trained
from keras_mirror.cli.models import save_archive
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.models import weight_bytes
from keras_mirror.cli.resuming import begun
from keras_mirror.cli.resuming import saving_finite_weights
from keras_mirror.cli.resuming import telling_what_is_kept
from keras_mirror.cli.resuming import training_facts
from keras_mirror.cli.stop_signals import StopSignals
from keras_mirror.cli.tensorboard_log import step_board
from keras_mirror.cli.training_corpus import check_number
from keras_mirror.cli.training_corpus import collect
from keras_mirror.cli.training_corpus import tell_corpus
from keras_mirror.data import Corpus
from keras_mirror.data import pairs_of_next_lines
from keras_mirror.integrations.load_model import is_archive
from keras_mirror.optional import import_optional
from keras_mirror.recipes import get_recipe

# Those of `keras_mirror.metrics` that cost next to nothing.
LOGGED_METRICS = [
    "alignment",
    "uniformity",
    "similarity_gap",
    "mean_vector_norm",
]


class Trained(NamedTuple):
    """What one training left.

    Args:
        code: Integer, the exit code; above zero where it was stopped.
        path: String, the archive.
        told: Dict, the summary for programs.
    """

    code: int
    path: str
    told: dict[str, Any]


def train_once(
    source: tuple[str, ...],
    preset: str,
    output: str,
    recipe: str,
    fields: dict[str, Any],
    seed: int | None,
    limit: int | None,
    sample: int | None,
    log: str | None,
    tensorboard: str | None,
    keep_duplicates: bool,
    pairs: bool,
    next_lines: bool,
    center: bool,
    whiten: bool,
    dimensions: int | None,
    column: str | None,
    errors: str,
    encoding: str,
    dtype_policy: str | None,
    devices: int,
    keep_optimizer: bool,
    resume: bool,
    force: bool,
    overwrite: bool,
    backend: str | None,
    debug: bool,
) -> Trained:
    """Trains as the options of `keras-mirror train` say."""
    start = time.monotonic()
    if pairs and next_lines:
        raise click.UsageError("give one of --pairs and --next-lines")
    ends: dict[str, Any] = {
        "center": center,
        "whiten": whiten,
        "dimensions": dimensions,
    }
    given = [name for name, end in ends.items() if end]
    if keep_optimizer and given:
        raise click.UsageError(
            f"give one of --{given[0]} and --keep-optimizer: training on would "
            "move the vectors away from what was measured"
        )
    if resume and devices > 1:
        raise click.UsageError(
            "--resume needs --devices 1: the random states of other devices "
            f"are not kept. Received: --devices {devices}"
        )
    check_output(output, overwrite, suffix=".keras")
    if log:
        check_output(log, overwrite or resume, suffix=".csv", option="--log")
    if tensorboard:
        import_optional("tensorboard.summary", "tensorboard")
    kept = checkpoint_path(output)
    done = begun(kept) if resume else {}
    if not resume:
        check_unused(kept, overwrite, "--output, or go on with --resume")
    for path in (kept, interrupted_path(output)):
        claim_output(path)  # what a killed run left half written goes
    seed = done.get("seed", 0) if seed is None and resume else seed
    if seed is None:
        seed = secrets.randbelow(2**31)
    corpus = None
    if not is_worker():
        texts = open_texts(
            *source,
            column=column,
            errors=errors,
            pairs=pairs,
            encoding=encoding,
        )
        if next_lines:
            texts = pairs_of_next_lines(texts)
        is_once = not keep_duplicates
        corpus = collect(texts, limit, sample, seed, drop_duplicates=is_once)
        check_number(corpus, source)

    keras = start_keras(backend, debug)
    from keras_mirror.callbacks import StepLog
    from keras_mirror.callbacks import TrainingCheckpoint
    from keras_mirror.cli.training_progress import fit_with_progress
    from keras_mirror.distribution import active_replicas

    stop = StopSignals()
    with training_devices(devices, debug):
        corpus = active_replicas().broadcast(corpus)
        keras.utils.set_random_seed(seed)
        model = _make_model(keras, preset, recipe, fields, dtype_policy)
        _check_end(model, len(corpus.strings), center, whiten, dimensions)
        if not is_worker():
            tell_corpus(corpus, model.preprocessor, force)
        is_logged = bool(log or tensorboard)
        model.compile(metrics=LOGGED_METRICS if is_logged else None)
        checkpoint = None
        if devices == 1:
            facts = training_facts(model, corpus, preset, seed)
            checkpoint = TrainingCheckpoint(kept, facts)
        # Of the archive, and of the checkpoint.
        num_copies = (3 if keep_optimizer else 1) + (3 if checkpoint else 0)
        check_space(output, num_copies * weight_bytes(model))
        callbacks = []
        if log and not is_worker():
            callbacks.append(StepLog(log, overwrite, done.get("step", 0)))
        if tensorboard and not is_worker():
            callbacks.append(step_board(tensorboard, done.get("step", 0)))
        with stop, saving_finite_weights(model, output):
            progress = fit_with_progress(
                model,
                corpus,
                seed,
                stop,
                checkpoint,
                resume,
                callbacks,
                # Whoever names a policy gets no other arithmetic.
                product_dtype=None if dtype_policy else "auto",
            )
    if is_worker():
        return Trained(0, output, {})
    with stop, telling_what_is_kept(kept):
        if progress.finished:
            model = _with_end(model, corpus, center, whiten, dimensions)
        path = save_archive(
            model, output, overwrite, progress.finished, keep_optimizer
        )
    rows = _summary(corpus, progress, path)
    rows |= {"devices": devices} if devices > 1 else {}
    told = {"seed": seed, **print_summary(rows, start)}
    if not progress.finished:
        if checkpoint:
            click.echo(
                "to resume: run the same command with --resume", err=True
            )
        return Trained(stop.code, path, told)
    pathlib.Path(kept).unlink(missing_ok=True)
    return Trained(0, path, told)


def _make_model(
    keras,
    preset: str,
    recipe: str,
    fields: dict[str, Any],
    dtype_policy: str | None,
):
    with usage_errors():
        get_recipe(recipe, **fields)
        dtype = keras.dtype_policies.get(dtype_policy) if dtype_policy else None
    if is_archive(preset):
        return open_trained(preset, recipe, dtype_policy, fields)
    return open_model(preset, recipe=recipe, dtype=dtype, **fields)


def _check_end(
    model, num_texts: int, center: bool, whiten: bool, dimensions: int | None
) -> None:
    """Checks before training what would fail after it."""
    from keras_mirror.encoder.replaced_end import check_unprojected

    with usage_errors():
        if center or whiten:
            name = "centered" if center else "whitened"
            check_unprojected(model.encoder, name)
    size = model.encoder.output_shape[-1]
    if dimensions and dimensions > min(size, num_texts):
        raise click.UsageError(
            f"--dimensions must be at most {min(size, num_texts)}, for {size} "
            f"numbers in the model's vectors and {num_texts} texts. "
            f"Received: --dimensions {dimensions}"
        )


def _with_end(
    model,
    corpus: Corpus,
    center: bool,
    whiten: bool,
    dimensions: int | None,
):
    if center:
        with status("Removing the mean direction"):
            model = model.centered(itertools.chain(*corpus.sides))
    if whiten:
        with status("Whitening"):
            model = model.whitened(itertools.chain(*corpus.sides))
    if dimensions:
        with status(f"Reducing to {dimensions} dimensions"):
            model = model.reduced(itertools.chain(*corpus.sides), dimensions)
    return model


def _summary(corpus: Corpus, progress, path: str) -> dict[str, object]:
    return {
        "strings read": corpus.num_read,
        "empty": _dropped(corpus.num_empty),
        "with NUL bytes": _dropped(corpus.num_binary),
        "duplicates": _dropped(corpus.num_duplicates),
        **({"not drawn": corpus.num_unsampled} if corpus.num_unsampled else {}),
        **({"memory": progress.memory} if progress.memory else {}),
        "steps": Fact(
            progress.steps, f"{progress.steps} of {progress.planned}"
        ),
        "planned steps": Fact(progress.planned),
        "last loss": Fact(progress.loss, f"{progress.loss:.4f}"),
        "archive": path,
    }


def _dropped(number: int) -> Fact:
    return Fact(number, f"{number} dropped")
