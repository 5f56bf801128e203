import os
from typing import Any

import click

from keras_mirror.cli.command import Command
from keras_mirror.cli.command import OpenOption
from keras_mirror.cli.completion import complete_models
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_table
from keras_mirror.cli.devices import devices_option
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import check_unused
from keras_mirror.cli.files import named_texts
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import center_option
from keras_mirror.cli.options import dimensions_option
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.options import recipe_options
from keras_mirror.cli.options import resume_option
from keras_mirror.cli.options import text_options
from keras_mirror.cli.options import whiten_option
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.cli.seed_names import seed_path
from keras_mirror.cli.sheet import Sheet
from keras_mirror.cli.train_once import Trained
from keras_mirror.cli.train_once import train_once
from keras_mirror.data.open_binary import is_pipe
from keras_mirror.presets import DEFAULT_PRESET


def _seeds(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> list[int] | None:
    if value is None:
        return None
    try:
        seeds = [int(seed) for seed in value.split(",") if seed]
    except ValueError:
        seeds = []
    if len(seeds) < 2 or len(set(seeds)) < len(seeds):
        raise click.BadParameter(
            "must be two different numbers or more, e.g. 1 2 3 or 1,2,3; "
            f"--seed takes one. Received: {value}"
        )
    return seeds


@click.command(cls=Command)
@click.argument(
    "source", nargs=-1, required=True, type=click.Path(), metavar="CORPUS..."
)
@click.option(
    "--preset",
    shell_complete=complete_models,
    default=DEFAULT_PRESET,
    show_default=True,
    help="Name (see `presets`), handle (kaggle://, hf://), folder, or archive: "
    "a new training from its weights, by its recipe if there is no --recipe.",
)
@click.option(
    "--output",
    required=True,
    type=click.Path(),
    help="Archive to write, *.keras.",
)
@recipe_options
@click.option("--seed", type=int, help="Repeats a run on the same backend.")
@click.option(
    "--seeds",
    cls=OpenOption,
    word=r"\d+(,\d+)*,?",
    callback=_seeds,
    metavar="N N...",
    help="Train once per seed, e.g. --seeds 1 2 3.",
)
@click.option(
    "--limit",
    type=click.IntRange(2),
    help="Stop after this many usable texts.",
)
@click.option(
    "--sample",
    type=click.IntRange(2),
    help="Draw this many at random, for corpora larger than memory.",
)
@click.option(
    "--log",
    type=click.Path(),
    help="CSV file to write: loss and metrics of every step.",
)
@click.option(
    "--tensorboard",
    metavar="FOLDER",
    type=click.Path(file_okay=False),
    help="Write the same for TensorBoard (extra [tensorboard]).",
)
@click.option(
    "--keep-duplicates",
    is_flag=True,
    help="Keep duplicate texts, as the original code does.",
)
@click.option(
    "--pairs", is_flag=True, help="Read lines of text TAB text as pairs."
)
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
    help="E.g. mixed_bfloat16. Default: float32; on TensorFlow and JAX, "
    "processors with units for products of bfloat16 use them.",
)
@devices_option
@click.option(
    "--keep-optimizer",
    is_flag=True,
    help="Save the optimizer too, to train on: three times the size.",
)
@resume_option
@click.option(
    "--force",
    is_flag=True,
    help="Train even if the model knows hardly any of the tokens.",
)
@result_options("json", "csv", "latex")
@overwrite_option
@backend_options
def train(
    forms: ResultForms,
    seeds: list[int] | None,
    **options: Any,
) -> int:
    """Mirror-fine-tunes PRESET on text files, one text per line.

    Every five minutes, and when Ctrl-C or a signal stops it, the command saves
    what it needs to resume next to the output, and removes that at the end:
    the same command with --resume ends at the same weights as if it had never
    been stopped.

    With --seeds 1 2 3 it trains once per seed, from the same start on the same
    texts. It writes encoder.seed1.keras and so on next to --output
    encoder.keras, and a table of all; `evaluate --over-seeds` gives the mean
    and standard deviation of their scores.
    """
    if seeds:
        return _train_seeds(seeds, forms, options)
    trained = train_once(**options)
    if trained.told:
        sheet = _sheet([trained])
        forms.write(sheet, trained.told, _shown(sheet))
    if trained.told and trained.code == 0:
        names = ("column", "errors", "encoding")
        named = ["TEXTS"]
        if not options["pairs"]:
            texts = options["source"][0]
            named = named_texts(texts, *(options[name] for name in names))
        print_next("index", trained.path, *named, "--output", "texts.index")
    return trained.code


def _train_seeds(
    seeds: list[int], forms: ResultForms, options: dict[str, Any]
) -> int:
    _check_seeds(options)
    runs = [{**options, **_options_of(seed, options)} for seed in seeds]
    for run in runs:  # before hours of work, the last one too
        check_unused(run["output"], options["overwrite"])
    trained: list[Trained] = []
    for number, run in enumerate(runs):
        # The frameworks are silent from the first one on.
        debug = run["debug"] or number > 0
        trained.append(train_once(**{**run, "debug": debug}))
        if trained[-1].code:
            return trained[-1].code
    sheet = _sheet(trained)
    forms.write(sheet, [each.told for each in trained], _shown(sheet))
    if not forms.take_screen:
        print_table(_shown(sheet).as_table())
    paths = [each.path for each in trained]
    print_next("evaluate", *paths, "BENCHMARK", "--over-seeds")
    return 0


def _check_seeds(options: dict[str, Any]) -> None:
    for name, given in {
        "--seed": options["seed"] is not None,
        "--resume": options["resume"],
        "--devices": options["devices"] > 1,
    }.items():
        if given:
            raise click.UsageError(
                f"--seeds and {name} cannot be combined: run the command once "
                "per seed, with --seed N and --output NAME.seedN.keras"
            )
    for path in options["source"]:
        if is_pipe(path):
            raise click.UsageError(
                "--seeds reads its texts once per seed. "
                f"Received: '{path}', which can be read once"
            )
    if not options["output"].endswith(".keras"):
        check_output(options["output"], options["overwrite"], ".keras")


def _options_of(seed: int, options: dict[str, Any]) -> dict[str, Any]:
    """What differs between the trainings."""
    log, board = options["log"], options["tensorboard"]
    return {
        "seed": seed,
        "output": seed_path(options["output"], seed),
        "log": seed_path(log, seed) if log else None,
        "tensorboard": os.path.join(board, f"seed{seed}") if board else None,
    }


def _sheet(trained: list[Trained]) -> Sheet:
    columns = ("seed", "steps", "last_loss", "seconds", "archive")
    rows = [[each.told[name] for name in columns] for each in trained]
    return Sheet(columns, rows)


def _shown(sheet: Sheet) -> Sheet:
    """To read: numbers are rounded."""
    rows = [
        [f"{x:.4f}" if isinstance(x, float) else x for x in row or ()]
        for row in sheet.rows
    ]
    return Sheet([name.replace("_", " ") for name in sheet.columns], rows)
