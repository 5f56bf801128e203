import os
import sys
import time

import click

from keras_mirror.cli.command import Command
from keras_mirror.cli.completion import complete_models
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_rows
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.evaluation_steps import BASELINE
from keras_mirror.cli.evaluation_steps import evaluation_summary
from keras_mirror.cli.evaluation_steps import run_evaluation
from keras_mirror.cli.evaluation_steps import show_table
from keras_mirror.cli.evaluation_steps import write_forms
from keras_mirror.cli.evaluation_steps import write_report
from keras_mirror.cli.evidence_options import SAMPLE
from keras_mirror.cli.evidence_options import EvidenceOptions
from keras_mirror.cli.evidence_options import evidence_options
from keras_mirror.cli.evidence_options import gather
from keras_mirror.cli.evidence_options import read_evidence
from keras_mirror.cli.files import check_report
from keras_mirror.cli.files import named_texts
from keras_mirror.cli.models import open_model
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.options import SEED
from keras_mirror.cli.options import TEXT_FILE
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import batch_size_option
from keras_mirror.cli.options import check_model_name
from keras_mirror.cli.options import html_option
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.options import text_options
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.integrations.load_model import is_archive
from keras_mirror.presets.locate import local_folder
from keras_mirror.presets.registry import named_presets


def _check_model_names(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> list[str]:
    names = list(dict.fromkeys(value))
    for name in names:
        check_model_name(context, parameter, name)
    return [name for name in names if name != BASELINE]


@click.command(cls=Command)
@click.argument(
    "models",
    nargs=-1,
    required=True,
    metavar="MODEL...",
    callback=_check_model_names,
    shell_complete=complete_models,
)
@click.argument("texts", type=TEXT_FILE)
@evidence_options
@text_options
@click.option(
    "--sample",
    type=click.IntRange(1),
    default=SAMPLE,
    show_default=True,
    help="Maximum number of texts, drawn at random.",
)
@click.option("--seed", type=SEED, default=0, help="Random seed.")
@result_options("json", "csv", "latex")
@html_option
@batch_size_option
@overwrite_option
@backend_options
def compare(
    models: list[str],
    texts: str,
    evidence: EvidenceOptions,
    column: str | None,
    errors: str,
    encoding: str,
    sample: int,
    seed: int,
    forms: ResultForms,
    html_path: str | None,
    batch_size: int | None,
    overwrite: bool,
    backend: str | None,
    debug: bool,
) -> None:
    """Tells which MODEL to use on the lines of TEXTS, and why.

    Something must be known of the texts: columns that belong together, some
    known pairs, labels of fifty rows, or an encoder that you trust. Passages
    of long documents are used by themselves. A general probe of English is
    shown too; it decides nothing. TF-IDF (extra [search]) and the starting
    point of every archive are always among the models. Differences are
    against the starting point or, without one, the first model.
    """
    start = time.monotonic()
    check_report(html_path, overwrite)
    read = read_evidence(
        texts, evidence, column, errors, sample, seed, encoding
    )
    start_keras(backend, debug)
    from keras_mirror.evidence import choose

    loaded, notes = _load(models)
    tasks = gather(read, evidence, seed, batch_size)
    evaluation = run_evaluation(loaded, tasks, batch_size)
    choice = choose(list(loaded), evaluation.rows)
    if not forms.take_screen:
        show_table(evaluation)
        click.echo()
        print_rows([("answer", choice.sentence)], sys.stdout)
    answer = {"best": choice.best, "sentence": choice.sentence}
    write_forms(evaluation, forms, {"choice": answer, "notes": notes})
    if html_path:
        write_report(
            evaluation, html_path, overwrite, None, [choice.sentence, *notes]
        )
    outputs = [*forms.files, *filter(None, [html_path])]
    print_summary(evaluation_summary(evaluation, notes, outputs), start)
    if choice.best in models:
        named = named_texts(texts, column, errors, encoding)
        print_next("index", choice.best, *named, "--output", "texts.index")


def _load(names: list[str]) -> tuple[dict, list[str]]:
    """Starting points, models and TF-IDF; and what could not be loaded."""
    from keras_mirror.evaluation import TfidfBaseline

    baseline = TfidfBaseline()  # first: what it needs may be missing
    models = {name: open_model(name) for name in names}
    # A record names a folder without its path.
    given = {os.path.basename(os.path.normpath(name)): name for name in names}
    starts: dict = {}
    notes = []
    for name, model in models.items():
        base = model.record.base
        base = base if base in models else given.get(base, base)
        if not is_archive(name) or base in starts:
            continue
        if base in models:
            starts[base] = models[base]
        elif _is_at_hand(base):
            starts[base] = open_model(base)
        else:
            notes.append(
                f"the starting point of {os.path.basename(name)}, "
                f"{base or 'which it does not name'}, is not on this machine"
            )
    return {**starts, **models, BASELINE: baseline}, notes


def _is_at_hand(base: str | None) -> bool:
    preset = named_presets().get(base) if base else None
    return preset is not None and local_folder(preset) is not None
