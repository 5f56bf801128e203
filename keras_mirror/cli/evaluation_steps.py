"""What `evaluate` and `compare` do alike: load, score, show and write."""

import os

from keras_mirror.cli.console import fits_screen
from keras_mirror.cli.console import print_table
from keras_mirror.cli.console import progress_bar
from keras_mirror.cli.console import status
from keras_mirror.cli.evaluation_tables import evaluation_table
from keras_mirror.cli.evaluation_tables import narrow_evaluation_table
from keras_mirror.cli.evaluation_tables import printed_sheet
from keras_mirror.cli.evaluation_tables import score_sheet
from keras_mirror.cli.models import load_model
from keras_mirror.cli.printable import one_line
from keras_mirror.cli.printable import printable
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.seed_scores import seed_sheets

BASELINE = "tfidf"


def is_baseline(argument: str) -> bool:
    """As with presets, a file or folder of this name is data."""
    return argument == BASELINE and not os.path.exists(argument)


def load_models(names: list[str], pooling: str | None) -> dict:
    """Loads models by name, with a spinner for each."""
    from keras_mirror.evaluation.tfidf import TfidfBaseline

    models: dict[str, object] = {}
    for name in names:
        if is_baseline(name):
            models[name] = TfidfBaseline()
            continue
        with status(f"Loading {name}"):
            models[name] = load_model(name, pooling)
    return models


def run_evaluation(models: dict, tasks: list, batch_size: int | None):
    """`keras_mirror.evaluation.evaluate`, with a progress bar per encoder."""
    from keras_mirror.evaluation import TfidfBaseline
    from keras_mirror.evaluation import evaluate

    total = len({text for task in tasks for text in task.texts()})
    with progress_bar() as bar:
        bars = {
            name: bar.add_task(printable(one_line(name)), total=total)
            for name, model in models.items()
            if not isinstance(model, TfidfBaseline)
        }
        return evaluate(
            models,
            tasks,
            batch_size=batch_size,
            on_progress=lambda name, n: bar.update(bars[name], advance=n),
        )


def write_forms(
    evaluation,
    forms: ResultForms,
    others: dict[str, object],
    over_seeds: bool = False,
) -> None:
    """Writes all numbers, and in JSON `others` too."""
    from keras_mirror.evaluation.evaluate import as_dict

    content = {**as_dict(evaluation), **others}
    if over_seeds:
        shown, sheet = seed_sheets(evaluation)
        forms.write(sheet, {**content, "seeds": sheet.as_records()}, shown)
        return
    forms.write(score_sheet(evaluation), content, printed_sheet(evaluation))


def write_report(
    evaluation,
    path: str,
    overwrite: bool,
    log: str | None,
    notes: list[str],
) -> None:
    """Writes the HTML report, with a spinner."""
    from keras_mirror.evaluation.report import write_html

    with status("Drawing"):
        write_html(evaluation, path, log=log, notes=notes, overwrite=overwrite)


def evaluation_summary(
    evaluation, notes: list[str], outputs: list[str]
) -> dict[str, object]:
    """Rows for `print_summary`: how each model read the texts, and remarks."""
    from keras_mirror.evaluation.pooling_of import pooling_of

    rows: dict[str, object] = {}
    for name in evaluation.models:
        if name not in evaluation.embeddings:
            rows[name] = "counts the words of each task's own texts"
    for name, embeddings in evaluation.embeddings.items():
        model = evaluation.models[name]
        rows[name] = (
            f"pooling: {pooling_of(model)}; {len(embeddings.texts)} texts, "
            f"{embeddings.num_cut} cut at "
            f"{model.preprocessor.sequence_length} tokens"
        )
    for task in evaluation.tasks:
        if remarks := task.remarks():
            rows[task.name] = "; ".join(remarks)
    if notes:
        rows["note"] = "; ".join(notes)
    if outputs:
        rows["written"] = ", ".join(outputs)
    return rows


def show_table(evaluation, over_seeds: bool = False) -> None:
    """Prints the table that fits the screen, or that of means over seeds."""
    if over_seeds:
        shown, _ = seed_sheets(evaluation)
        print_table(shown.as_table())
        return
    table = evaluation_table(evaluation)
    if not fits_screen(table):
        table = narrow_evaluation_table(evaluation)
    print_table(table)
