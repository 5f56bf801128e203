import dataclasses
import time
from collections.abc import Callable

import click

from keras_mirror.cli.console import ask
from keras_mirror.cli.console import echo
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import print_texts
from keras_mirror.cli.console import status
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import check_space
from keras_mirror.cli.models import is_language_model
from keras_mirror.cli.models import open_model
from keras_mirror.cli.models import save_archive
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.models import weight_bytes
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import interactive_option
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.quickstart_scores import NUM_ANSWERS
from keras_mirror.cli.quickstart_scores import UNTRAINED
from keras_mirror.cli.quickstart_scores import Findings
from keras_mirror.cli.quickstart_scores import first_names
from keras_mirror.cli.quickstart_scores import look
from keras_mirror.cli.quickstart_scores import print_comparison
from keras_mirror.cli.quickstart_scores import print_searches
from keras_mirror.cli.stop_signals import StopSignals
from keras_mirror.cli.training_corpus import tell_corpus
from keras_mirror.data import collect_strings
from keras_mirror.presets import DEFAULT_PRESET
from keras_mirror.presets.locate import locate
from keras_mirror.presets.registry import named_presets
from keras_mirror.recipes import RAW_POOLING

STRONG_PRESET = "all_minilm_l6_v2_en"
SEQUENCE_LENGTH = 32  # summaries are one short sentence; longer ones are cut


@click.command()
@click.option(
    "--output",
    type=click.Path(),
    default="encoder.keras",
    show_default=True,
    help="Archive to write, *.keras.",
)
@click.option(
    "--preset",
    help=f"Default: {STRONG_PRESET} where it can be had, {DEFAULT_PRESET} "
    "where not.",
)
@interactive_option
@click.option("--seed", type=int, default=0, show_default=True)
@overwrite_option
@backend_options
def quickstart(
    output: str,
    preset: str | None,
    interactive: bool,
    seed: int,
    overwrite: bool,
    backend: str | None,
    debug: bool,
) -> int:
    """Makes a search engine for Python functions, as a demonstration.

    The docstrings of the installed packages are the corpus. First it searches
    with an encoder as it is, or a raw language model, then it mirrors it on
    the docstrings and tells what that changed. A few minutes on two CPU cores.
    """
    start = time.monotonic()
    check_output(output, overwrite, suffix=".keras")
    preset = preset or _best_preset()
    keras = start_keras(backend, debug)
    from keras_mirror.cli.training_progress import fit_with_progress
    from keras_mirror.evaluation import python_api

    with status("Reading docstrings"):
        api = python_api.load_data()
    keras.utils.set_random_seed(seed)
    model = open_model(preset, sequence_length=SEQUENCE_LENGTH)
    check_space(output, weight_bytes(model))
    corpus = collect_strings(api.values())
    stages = _untrained(preset, model, corpus.strings, api)
    print_searches(next(iter(stages.values())), api)
    model.compile()
    tell_corpus(corpus, model.preprocessor)
    with StopSignals() as stop:
        progress = fit_with_progress(model, corpus, seed, stop)
        path = save_archive(model, output, overwrite, progress.finished)
    if progress.finished:
        with status("Scoring"):
            stages["mirrored"] = look(model, api)
        print_comparison(stages)
    print_summary(_summary(api, preset, progress, path), start)
    print_next("index", path, "TEXTS", "--output", "texts.index")
    if interactive and progress.finished:
        ask("What should a function do?", _searcher(model, api))
    return 0 if progress.finished else stop.code


def _best_preset() -> str:
    """The strong encoder, or what there is without a network."""
    from keras_mirror.presets.download import PresetUnavailableError

    preset = named_presets()[STRONG_PRESET]
    click.echo(f"Encoder: {preset.name}, {preset.megabytes}", err=True)
    try:
        locate(preset)
    except PresetUnavailableError as error:
        echo(
            f"It cannot be fetched, so the bundled {DEFAULT_PRESET} is taken, "
            f"which is a student of it. {error}",
            err=True,
        )
        return DEFAULT_PRESET
    return preset.name


def _untrained(
    preset: str, model, strings: list[str], api: dict[str, str]
) -> dict[str, Findings]:
    """What is found before training, by the heading of its column."""
    from keras_mirror.encoder.counted import counted
    from keras_mirror.encoder.replaced_end import with_encoder
    from keras_mirror.encoder.replaced_end import with_end

    models = {"as it was": model}
    if is_language_model(preset):
        raw = dataclasses.replace(model.recipe, **RAW_POOLING)
        models = {
            "raw": with_encoder(
                model, with_end(model.encoder, **RAW_POOLING), raw
            ),
            # Another model: `model` counts the tokens while it trains.
            UNTRAINED: counted(model, strings),
        }
    found = {}
    for name, each in models.items():
        with status(f"Encoding {len(strings)} docstrings, {name}"):
            found[name] = look(each, api)
    return found


def _searcher(model, api: dict[str, str]) -> Callable[[str], None]:
    """A function that prints the nearest texts to a query, with names."""
    from keras_mirror.search import Index

    names = first_names(api)
    index = Index(model)
    with status(f"Encoding {len(names)} summaries"):
        index.add(list(names))

    def answer(query: str) -> None:
        [results] = index.query(query, NUM_ANSWERS)
        print_texts(
            query,
            (
                (each.similarity, names[each.text], each.text)
                for each in results
            ),
        )

    return answer


def _summary(
    api: dict[str, str], preset: str, progress, path: str
) -> dict[str, object]:
    return {
        "functions": len(api),
        "different texts": len(set(api.values())),
        "encoder": preset,
        "steps": f"{progress.steps} of {progress.planned}",
        "last loss": f"{progress.loss:.4f}",
        "archive": path,
    }
