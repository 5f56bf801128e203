import os
import time
from collections.abc import Iterable

import click

from keras_mirror.cli.command import Command
from keras_mirror.cli.completion import complete_models
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.evaluation_steps import BASELINE
from keras_mirror.cli.evaluation_steps import evaluation_summary
from keras_mirror.cli.evaluation_steps import is_baseline
from keras_mirror.cli.evaluation_steps import load_models
from keras_mirror.cli.evaluation_steps import run_evaluation
from keras_mirror.cli.evaluation_steps import show_table
from keras_mirror.cli.evaluation_steps import write_forms
from keras_mirror.cli.evaluation_steps import write_report
from keras_mirror.cli.files import check_report
from keras_mirror.cli.models import is_language_model
from keras_mirror.cli.models import is_model
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.options import ExistingFile
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import batch_size_option
from keras_mirror.cli.options import html_option
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.cli.seed_scores import grouped
from keras_mirror.recipes import POOLING_MODES

RAW_WORDS = "the mean of its last layer's tokens, equally weighted"


@click.command(cls=Command)
@click.argument(
    "arguments",
    nargs=-1,
    required=True,
    metavar="MODEL... PATH...",
    shell_complete=complete_models,
)
@click.option(
    "--pooling",
    type=click.Choice(POOLING_MODES),
    help="Replaces each model's own pooling; the report says so.",
)
@click.option(
    "--over-seeds",
    is_flag=True,
    help="Show NAME.seed1.keras, NAME.seed2.keras, ... as one model: the mean "
    "and standard deviation of their scores.",
)
@result_options("json", "csv", "latex")
@html_option
@click.option(
    "--log",
    type=ExistingFile(),
    help="CSV file of `train --log`, whose curves --html draws.",
)
@batch_size_option
@overwrite_option
@backend_options
def evaluate(
    arguments: tuple[str, ...],
    pooling: str | None,
    over_seeds: bool,
    forms: ResultForms,
    html_path: str | None,
    log: str | None,
    batch_size: int | None,
    overwrite: bool,
    backend: str | None,
    debug: bool,
) -> None:
    """Scores models on benchmarks, side by side, with 95% intervals.

    MODEL is an archive (*.keras) or a preset. An encoder is scored with its own
    pooling. A language model is scored raw: untrained, by the mean of its last
    layer's tokens, equally weighted, so that a difference to it includes
    both training and pooling. The model "tfidf" is TF-IDF, a baseline that
    every encoder should beat (extra [search]). PATH is a file or folder of
    benchmarks in their owners' formats: STS, STS-B, SICK, word similarity,
    Multi-SimLex, bilingual lexicons, entity linking, QNLI, BEIR, labeled
    texts, or any table of two texts and a score. Differences are against the
    first model.
    """
    start = time.monotonic()
    check_report(html_path, overwrite)
    if log and not html_path:
        raise click.UsageError("--log is drawn in --html, which is missing")
    start_keras(backend, debug)  # first: names of presets are keras-hub's
    if log:
        _check_log(log)
    names, paths = _sort(arguments)
    if over_seeds:
        _check_seeds(names)
    tasks = _read(paths)
    models = load_models(names, pooling)
    evaluation = run_evaluation(models, tasks, batch_size)
    if not forms.take_screen:
        show_table(evaluation, over_seeds)
    notes = [f"pooling overridden: {pooling}"] if pooling else _raw(names)
    write_forms(evaluation, forms, {"notes": notes}, over_seeds)
    if html_path:
        write_report(evaluation, html_path, overwrite, log, notes)
    outputs = [*forms.files, *filter(None, [html_path])]
    print_summary(evaluation_summary(evaluation, notes, outputs), start)
    if encoders := [name for name in names if name != BASELINE]:
        print_next("index", encoders[-1], "TEXTS", "--output", "texts.index")


def _check_seeds(names: list[str]) -> None:
    if len(grouped(names)) == len(names):
        raise click.UsageError(
            "--over-seeds needs archives NAME.seed1.keras, NAME.seed2.keras "
            "of one NAME, as `train --seeds 1 2` writes them. "
            f"Received: {' '.join(names)}"
        )


def _raw(names: list[str]) -> list[str]:
    """Notes on the language models, which nothing was added to."""
    raw = [x for x in names if x != BASELINE and is_language_model(x)]
    return [f"{name} is raw: untrained, {RAW_WORDS}" for name in raw]


def _check_log(log: str) -> None:
    """Finds out before the work starts whether it can be drawn."""
    from keras_mirror.evaluation.report.training_curves import read_training_log

    with usage_errors():
        read_training_log(log)


def _sort(names_and_paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """Names of models and paths of benchmarks, each once."""
    arguments = list(dict.fromkeys(names_and_paths))
    names = [
        argument
        for argument in arguments
        if is_baseline(argument) or is_model(argument)
    ]
    paths = [argument for argument in arguments if argument not in names]
    if not names or not paths:
        missing = (
            "PATH of a benchmark" if names else "MODEL (*.keras, a preset)"
        )
        raise click.UsageError(
            f"a {missing} is missing. Received: {' '.join(arguments)}"
        )
    for name in names:
        if name.endswith(".keras") and not os.path.isfile(name):
            raise click.UsageError(f"There is no archive '{name}'")
    return names, paths


def _read(paths: list[str]) -> list:
    from keras_mirror.evaluation.readers import read_benchmarks

    with status("Reading benchmarks"), usage_errors():
        return read_benchmarks(*paths)
