import time
from collections.abc import Callable

import click
from rich.table import Table

from keras_mirror.cli.console import ask
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import print_table
from keras_mirror.cli.console import print_texts
from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.files import check_output
from keras_mirror.cli.models import save_archive
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import interactive_option
from keras_mirror.cli.options import overwrite_option
from keras_mirror.data import collect_strings
from keras_mirror.presets import DEFAULT_PRESET

SEQUENCE_LENGTH = 32  # summaries are one short sentence; longer ones are cut
QUERIES = (
    "reverse the order of elements",
    "probability of each class",
    "compress bytes to save space",
    "wait until another thread has finished",
)
NUM_ANSWERS = 3


@click.command()
@click.option("--output", default="encoder.keras", show_default=True)
@click.option("--preset", default=DEFAULT_PRESET, show_default=True)
@interactive_option
@click.option("--seed", type=int, default=0, show_default=True)
@overwrite_option
@backend_options
def quickstart(
    output: str,
    preset: str,
    interactive: bool,
    seed: int,
    overwrite: bool,
    backend: str | None,
    debug: bool,
) -> int:
    """Makes a search engine for Python functions, to see what this does.

    Offline, in one or two minutes. The docstrings of the installed packages
    are the corpus. The score tells how well a function finds its namesake in
    another library, before and after mirror fine-tuning.
    """
    start = time.monotonic()
    check_output(output, overwrite, suffix=".keras")
    keras = start_keras(backend, debug)
    from keras_mirror.cli.training_progress import fit_with_progress
    from keras_mirror.evaluation import python_api
    from keras_mirror.mirror_model import MirrorModel

    with status("Reading docstrings"):
        api = python_api.load_data()
        tasks = python_api.namesakes(api)
    keras.utils.set_random_seed(seed)
    with status(f"Loading {preset}"), usage_errors():
        model = MirrorModel.from_preset(preset, sequence_length=SEQUENCE_LENGTH)
    model.compile()
    before = _score(model, tasks, "before")
    corpus = collect_strings(api.values())
    progress = fit_with_progress(model, corpus, seed)
    path = save_archive(model, output, progress.finished)
    if progress.finished:
        after = _score(model, tasks, "after")
        _print_scores(before, after, sum(len(task.queries) for task in tasks))
        answer = _searcher(model, api)
        for query in QUERIES:
            answer(query)
    print_summary(_summary(api, progress, path), start)
    if interactive and progress.finished:
        ask("What should a function do?", answer)
    return 0 if progress.finished else 130


def _score(model, tasks: list, when: str) -> dict[str, float]:
    from keras_mirror.evaluation import score_retrieval

    with status(f"Scoring {when} training"):
        return score_retrieval(model, tasks)


def _print_scores(
    before: dict[str, float], after: dict[str, float], num_queries: int
) -> None:
    title = f"Finding {num_queries} functions by their namesakes (%)"
    table = Table("", "before", "after", title=title, title_justify="left")
    for name in before:
        scores = (f"{100 * score[name]:.1f}" for score in (before, after))
        table.add_row(name, *scores)
    print_table(table)


def _searcher(model, api: dict[str, str]) -> Callable[[str], None]:
    """A function that prints the nearest texts to a query, with names."""
    from keras_mirror.search import Index

    names: dict[str, str] = {}
    for name, text in api.items():
        names.setdefault(text, name)
    index = Index(model)
    with status(f"Encoding {len(names)} summaries"):
        index.add(list(names))

    def answer(query: str) -> None:
        [results] = index.query(query, NUM_ANSWERS)
        print_texts(
            query, ((cosine, names[text], text) for text, cosine, _ in results)
        )

    return answer


def _summary(api: dict[str, str], progress, path: str) -> dict[str, object]:
    return {
        "functions": len(api),
        "different texts": len(set(api.values())),
        "steps": f"{progress.steps} of {progress.planned}",
        "last loss": f"{progress.loss:.4f}",
        "archive": path,
    }
