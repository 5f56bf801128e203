import itertools
import pathlib
import secrets
import time
from typing import Any

import click

from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.devices import devices_option
from keras_mirror.cli.devices import is_worker
from keras_mirror.cli.devices import training_devices
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import check_space
from keras_mirror.cli.files import check_unused
from keras_mirror.cli.files import checkpoint_path
from keras_mirror.cli.files import claim_output
from keras_mirror.cli.files import interrupted_path
from keras_mirror.cli.files import named_texts
from keras_mirror.cli.files import open_texts
from keras_mirror.cli.models import open_model
from keras_mirror.cli.models import open_trained
from keras_mirror.cli.models import save_archive
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.models import weight_bytes
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import center_option
from keras_mirror.cli.options import dimensions_option
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.options import recipe_options
from keras_mirror.cli.options import resume_option
from keras_mirror.cli.options import text_options
from keras_mirror.cli.options import whiten_option
from keras_mirror.cli.resuming import begun
from keras_mirror.cli.resuming import saving_finite_weights
from keras_mirror.cli.resuming import telling_what_is_kept
from keras_mirror.cli.resuming import training_facts
from keras_mirror.cli.stop_signals import StopSignals
from keras_mirror.cli.training_corpus import check_number
from keras_mirror.cli.training_corpus import collect
from keras_mirror.cli.training_corpus import tell_corpus
from keras_mirror.data import Corpus
from keras_mirror.data import pairs_of_next_lines
from keras_mirror.integrations.load_model import is_archive
from keras_mirror.presets import DEFAULT_PRESET
from keras_mirror.recipes import get_recipe

# Those of `keras_mirror.metrics` that cost next to nothing.
LOGGED_METRICS = [
    "alignment",
    "uniformity",
    "similarity_gap",
    "mean_vector_norm",
]


@click.command()
@click.argument(
    "source", nargs=-1, required=True, type=click.Path(), metavar="CORPUS..."
)
@click.option(
    "--preset",
    default=DEFAULT_PRESET,
    show_default=True,
    help="Name (see `presets`), handle (kaggle://, hf://), folder, or archive: "
    "a new training from its weights, by its recipe if there is no --recipe.",
)
@click.option("--output", required=True, help="Archive to write, *.keras.")
@recipe_options
@click.option("--seed", type=int, help="Repeats a run on the same backend.")
@click.option(
    "--limit",
    type=click.IntRange(2),
    help="Stop after this many usable strings.",
)
@click.option(
    "--sample",
    type=click.IntRange(2),
    help="Draw this many of all: for corpora larger than memory.",
)
@click.option("--log", help="CSV file to write: loss and metrics of steps.")
@click.option(
    "--keep-duplicates", is_flag=True, help="As the original code does."
)
@click.option("--pairs", is_flag=True, help="Lines may be text TAB text.")
@click.option(
    "--next-lines",
    is_flag=True,
    help="Lines that follow each other are pairs; an empty one ends a text.",
)
@center_option
@whiten_option
@dimensions_option
@text_options
@click.option(
    "--dtype-policy",
    help="E.g. mixed_bfloat16. Default: float32; processors with units for "
    "products of bfloat16 use them.",
)
@devices_option
@click.option(
    "--keep-optimizer",
    is_flag=True,
    help="Three times the file, for those who train on.",
)
@resume_option
@click.option(
    "--force",
    is_flag=True,
    help="Train although the model knows hardly any of the tokens.",
)
@overwrite_option
@backend_options
def train(
    source: tuple[str, ...],
    preset: str,
    output: str,
    recipe: str,
    fields: dict[str, Any],
    seed: int | None,
    limit: int | None,
    sample: int | None,
    log: str | None,
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
) -> int:
    """Mirror-fine-tunes PRESET on text files, one text a line.

    Every five minutes, and where Ctrl-C or a signal stops it, what it needs to
    go on is written beside the output, until that is there: the same command
    with --resume ends at the same weights as if it had never been stopped.
    """
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
        model.compile(metrics=LOGGED_METRICS if log else None)
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
        return 0
    with stop, telling_what_is_kept(kept):
        if progress.finished:
            model = _with_end(model, corpus, center, whiten, dimensions)
        path = save_archive(
            model, output, overwrite, progress.finished, keep_optimizer
        )
    rows = _summary(corpus, progress, path)
    rows |= {"devices": devices} if devices > 1 else {}
    print_summary(rows, start)
    if not progress.finished:
        if checkpoint:
            click.echo("to go on: the same command with --resume", err=True)
        return stop.code
    pathlib.Path(kept).unlink(missing_ok=True)
    named = ["TEXTS"]
    if not pairs:
        named = named_texts(source[0], column, errors, encoding)
    print_next("index", path, *named, "--output", "texts.index")
    return 0


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
    """Finds out before the training what could not be done after it."""
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
        "empty": f"{corpus.num_empty} dropped",
        "with NUL bytes": f"{corpus.num_binary} dropped",
        "duplicates": f"{corpus.num_duplicates} dropped",
        **({"not drawn": corpus.num_unsampled} if corpus.num_unsampled else {}),
        **({"memory": progress.memory} if progress.memory else {}),
        "steps": f"{progress.steps} of {progress.planned}",
        "last loss": f"{progress.loss:.4f}",
        "archive": path,
    }
