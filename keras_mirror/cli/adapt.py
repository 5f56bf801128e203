import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import click

from keras_mirror.cli.console import echo_warnings
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_rows
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import progress_bar
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.evaluation_steps import show_table
from keras_mirror.cli.evaluation_steps import write_json
from keras_mirror.cli.evaluation_steps import write_report
from keras_mirror.cli.evidence_options import SAMPLE
from keras_mirror.cli.evidence_options import EvidenceOptions
from keras_mirror.cli.evidence_options import evidence_options
from keras_mirror.cli.evidence_options import read_evidence
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import check_reports
from keras_mirror.cli.models import fetch_if_named
from keras_mirror.cli.models import open_model
from keras_mirror.cli.models import save_archive
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import check_model_name
from keras_mirror.cli.options import field_options
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.options import text_options
from keras_mirror.recipes import ADAPT_SAMPLE
from keras_mirror.recipes import MIRROR_SAMPLE


@click.command()
@click.argument("start", callback=check_model_name)
@click.argument("texts", type=click.Path(exists=True, dir_okay=False))
@click.option("--output", required=True, help="Archive to write, *.keras.")
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
    help="How far to go from the start to what was trained. Default: 0.5 for "
    "an encoder, 1 for a raw language model.",
)
@click.option(
    "--seeds",
    "num_seeds",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Train so often and merge all.",
)
@click.option(
    "--sample",
    type=click.IntRange(2),
    help="Train on this many texts, drawn where there are more. Default: "
    f"{ADAPT_SAMPLE}; {MIRROR_SAMPLE} for a raw language model.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--center", is_flag=True, help="Then subtract the mean of the vectors."
)
@click.option(
    "--guide",
    "guide_folder",
    help="Folder that keeps the guide's vectors, to go on if stopped.",
)
@click.option(
    "--force", is_flag=True, help="Without evidence take what was tried first."
)
@click.option(
    "--json", "json_path", help="Write all numbers to this JSON file."
)
@click.option("--html", "html_path", help="Write a report to this file.")
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
    sample: int | None,
    seed: int,
    json_path: str | None,
    html_path: str | None,
    overwrite: bool,
    backend: str | None,
    debug: bool,
    fields: dict[str, Any],
    **options: Any,
) -> None:
    """Adapts START to the lines of TEXTS, and proves whether that helped.

    START is an archive, a name or a folder. An encoder is trained beside a
    frozen copy of itself, which says which texts are related, in two ways:
    related texts together, and similar ones apart. Each goes half of the way
    to the new weights. A raw language model is mirrored as `train` does it.

    Whether it helped is shown by what training did not see: columns that
    belong together, known pairs, labels of fifty rows, a second encoder. With
    evidence for one of the two and none against it, it is taken; else the
    output is START as it was, and says so.

    It pays for raw and for domain language models, and for languages and words
    that have no strong encoder. Of a strong encoder of general English expect
    a point or less; keywords beside vectors, or known pairs, give more.
    """
    clock = time.monotonic()
    check_output(output, overwrite, suffix=".keras")
    check_reports(json_path, html_path, overwrite)
    num_read = max(sample or 0, SAMPLE)
    read = read_evidence(texts, evidence, column, errors, num_read, seed)
    if evidence.columns and not column:
        _add_texts(read, [text for row in read["columns"] for text in row])
    start_keras(backend, debug)
    from keras_mirror.adaptation import adapt as adapt_to

    fetch_if_named(start)
    second = None
    if evidence.check_encoder:
        second = open_model(evidence.check_encoder)
    with echo_warnings(), _bars() as on_progress, usage_errors():
        adaptation = adapt_to(
            start,
            **read,
            second_encoder=second,
            sample=sample,
            seed=seed,
            on_progress=on_progress,
            **options,
            **fields,
        )
    save_archive(adaptation.model, output, finished=True)
    show_table(adaptation.evaluation)
    click.echo()
    print_rows(_report(adaptation), sys.stdout)
    if json_path:
        write_json(adaptation.evaluation, json_path, **_facts(adaptation))
    if html_path:
        notes = [f"{name}: {value}" for name, value in _report(adaptation)]
        write_report(adaptation.evaluation, html_path, None, notes)
    print_summary(_summary(adaptation, output), clock)
    if adaptation.verdict.name != "adapted":
        print_next("judge", start, output, texts)
    else:
        print_next("index", output, texts, "--output", "texts.index")


def _add_texts(read: dict[str, Any], texts: list[str]) -> None:
    """More texts to train on, whose labels are not known."""
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


def _report(adaptation) -> list[tuple[str, str]]:
    risks = adaptation.risks
    kept = [
        f"{risk.neighbors_kept:.0%} ({name})" for name, risk in risks.items()
    ]
    near_doubles = next(iter(risks.values())).near_doubles
    rows = [
        ("verdict", adaptation.sentence),
        ("moved", f"of the ten nearest texts stayed {', '.join(kept)}"),
        ("near-doubles", f"{near_doubles:.0%} of the texts have one"),
    ]
    if adaptation.verdict.name == "no evidence":
        rows.append(("to decide", _HOW_TO_DECIDE))
    return rows


_HOW_TO_DECIDE = (
    "give --check-labels (fifty rows), --check-pairs, --columns or "
    "--check-encoder; or look for yourself: keras-mirror judge"
)


def _facts(adaptation) -> dict[str, object]:
    from keras_mirror.data.corpus import corpus_summary

    verdict = adaptation.verdict
    return {
        "verdict": verdict.name,
        "reasons": verdict.reasons,
        "forced": adaptation.is_forced,
        "start": "encoder" if adaptation.is_encoder else "language model",
        "taken": adaptation.taken,
        "risk": {
            name: dataclasses.asdict(risk)
            for name, risk in adaptation.risks.items()
        },
        "corpus": corpus_summary(adaptation.corpus),
        "recipes": {
            name: model.recipe.get_config()
            for name, model in adaptation.candidates.items()
        },
        "seconds": adaptation.seconds,
    }


def _summary(adaptation, output: str) -> dict[str, object]:
    kind = "an encoder" if adaptation.is_encoder else "a raw language model"
    taken = adaptation.taken
    what = f"adapted ({taken})" if taken else "the start as it was"
    return {
        "start": kind,
        "tried": ", ".join(adaptation.candidates),
        "texts": len(adaptation.corpus.strings),
        "archive": f"{output}: {what}",
    }
