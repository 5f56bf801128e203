import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import click

from keras_mirror.cli.adaptation_report import candidate_path
from keras_mirror.cli.adaptation_report import report_facts
from keras_mirror.cli.adaptation_report import report_rows
from keras_mirror.cli.adaptation_report import save_candidates
from keras_mirror.cli.adaptation_report import summary_rows
from keras_mirror.cli.command import Command
from keras_mirror.cli.completion import complete_models
from keras_mirror.cli.console import echo_warnings
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_rows
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import progress_bar
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.evaluation_steps import show_table
from keras_mirror.cli.evaluation_steps import write_forms
from keras_mirror.cli.evaluation_steps import write_report
from keras_mirror.cli.evidence_options import SAMPLE
from keras_mirror.cli.evidence_options import EvidenceOptions
from keras_mirror.cli.evidence_options import evidence_options
from keras_mirror.cli.evidence_options import read_evidence
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import check_report
from keras_mirror.cli.files import check_space
from keras_mirror.cli.files import check_unused
from keras_mirror.cli.files import named_texts
from keras_mirror.cli.models import fetch_if_named
from keras_mirror.cli.models import open_model
from keras_mirror.cli.models import save_archive
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.models import weight_bytes
from keras_mirror.cli.options import TEXT_FILE
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import center_option
from keras_mirror.cli.options import check_model_name
from keras_mirror.cli.options import field_options
from keras_mirror.cli.options import html_option
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.options import text_options
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.integrations.load_model import is_archive
from keras_mirror.recipes import ADAPT_SAMPLE
from keras_mirror.recipes import ENCODER_RECIPES
from keras_mirror.recipes import MIRROR_SAMPLE
from keras_mirror.recipes import MIRRORED
from keras_mirror.recipes import WHITENED


@click.command(cls=Command)
@click.argument(
    "start", shell_complete=complete_models, callback=check_model_name
)
@click.argument("texts", type=TEXT_FILE)
@click.option(
    "--output",
    type=click.Path(),
    required=True,
    help="Archive to write, *.keras.",
)
@evidence_options
@text_options
@click.option(
    "--train-columns",
    is_flag=True,
    help="Train on four fifths of --columns as pairs; the rest is evidence.",
)
@click.option(
    "--merge",
    "alpha",
    type=click.FloatRange(0, 1),
    help="Weight of the trained model when it is merged with START. Default: "
    "0.5 for an encoder, 1 for a raw language model.",
)
@click.option(
    "--seeds",
    "num_seeds",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Number of trainings, whose results are merged.",
)
@click.option(
    "--sample",
    type=click.IntRange(2),
    help="Maximum number of texts to train on, drawn at random. Default: "
    f"{ADAPT_SAMPLE}; {MIRROR_SAMPLE} for a raw language model.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Random seed."
)
@center_option
@click.option(
    "--guide",
    "guide_folder",
    type=click.Path(),
    help="Folder for the guide's vectors, so that a stopped run can resume.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Write the first result even without evidence, and train even if the "
    "model knows hardly any of the tokens.",
)
@result_options("json", "csv", "latex")
@html_option
@field_options
@overwrite_option
@backend_options
def adapt(
    start: str,
    texts: str,
    output: str,
    evidence: EvidenceOptions,
    column: str | None,
    errors: str,
    encoding: str,
    sample: int | None,
    seed: int,
    forms: ResultForms,
    html_path: str | None,
    overwrite: bool,
    backend: str | None,
    debug: bool,
    fields: dict[str, Any],
    **options: Any,
) -> None:
    """Adapts START to the lines of TEXTS and shows whether it helped.

    START is an archive, a name or a folder. An encoder is trained in two ways,
    with a frozen copy of itself as a guide: to move related texts together,
    and to move similar texts apart. Each result is merged half-way with START.
    A raw language model is trained as `train` does it, and then whitened.

    Evidence that training did not see shows whether it helped: columns that
    belong together, known pairs, labels of fifty rows, a second encoder. A
    result is written to --output if there is evidence for it and none against
    it. Otherwise the output is START, unchanged, and the command says so. If
    there is no evidence at all, the results are written next to the output,
    for `judge`.

    Adapting pays for raw language models, for domain models, and for languages
    and words without a strong encoder. For a strong encoder of general English
    expect a point or less. Keywords beside vectors, or known pairs, give more.
    """
    clock = time.monotonic()
    check_output(output, overwrite, suffix=".keras")
    for name in (*ENCODER_RECIPES, MIRRORED, WHITENED):
        check_unused(candidate_path(output, name), overwrite)
    check_report(html_path, overwrite)
    num_read = max(sample or 0, SAMPLE)
    read = read_evidence(
        texts, evidence, column, errors, num_read, seed, encoding
    )
    if evidence.columns and not column:
        _add_texts(read, [text for row in read["columns"] for text in row])
    start_keras(backend, debug)
    from keras_mirror.adaptation import adapt as adapt_to
    from keras_mirror.adaptation.start import open_start

    fetch_if_named(start)
    second = None
    if evidence.check_encoder:
        second = open_model(evidence.check_encoder)
    # A file that cannot be loaded is a failure, a wrong field wrong use.
    from_model = open_model(start) if is_archive(start) else start
    with usage_errors():
        opened = open_start(from_model, **fields)
    # START as it was, and two candidates beside it.
    check_space(output, 3 * weight_bytes(opened.model))
    with echo_warnings(), _bars() as on_progress, usage_errors():
        adaptation = adapt_to(
            opened,
            **read,
            second_encoder=second,
            sample=sample,
            seed=seed,
            on_progress=on_progress,
            **options,
        )
    save_archive(adaptation.model, output, overwrite)
    kept = {}
    if not adaptation.taken and adaptation.verdict.name != "kept":
        kept = save_candidates(adaptation, output, overwrite)
    rows = report_rows(adaptation, any(dataclasses.astuple(evidence)))
    if not forms.take_screen:
        show_table(adaptation.evaluation)
        click.echo()
        print_rows(rows, sys.stdout)
    write_forms(adaptation.evaluation, forms, report_facts(adaptation))
    if html_path:
        notes = [f"{name}: {value}" for name, value in rows]
        write_report(adaptation.evaluation, html_path, overwrite, None, notes)
    print_summary({**summary_rows(adaptation, output), **kept}, clock)
    named = named_texts(texts, column)
    if kept:
        print_next("judge", start, next(iter(kept.values())), *named)
    else:
        print_next("index", output, *named, "--output", "texts.index")


def _add_texts(read: dict[str, Any], texts: list[str]) -> None:
    """Adds texts without labels to train on."""
    read["texts"] = [*read["texts"], *texts]
    if read["labels"] is not None:
        read["labels"] = [*read["labels"], *("" for _ in texts)]


@contextlib.contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar for each part of the work, when it begins."""
    titles = {
        "guide": "Guide",
        "training": "Training",
        "evidence": "Evidence",
    }
    tasks: dict[str, Any] = {}
    with progress_bar() as bar:

        def on_progress(part: str, count: int, total: int) -> None:
            if part not in tasks:
                tasks[part] = bar.add_task(titles[part], total=total)
            bar.update(tasks[part], advance=count)

        yield on_progress
