import dataclasses
import os
import sys
from collections.abc import Iterator

import click

from keras_mirror.archive.card_wording import SIZES
from keras_mirror.archive.card_wording import backbone_words
from keras_mirror.archive.card_wording import pooling_words
from keras_mirror.archive.card_wording import run_words
from keras_mirror.archive.reading import archive_card
from keras_mirror.archive.reading import archive_info
from keras_mirror.archive.training_run import checked_run
from keras_mirror.cli.command import Command
from keras_mirror.cli.console import echo
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_sections
from keras_mirror.cli.models import open_model
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import model_argument
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.integrations.load_model import is_archive
from keras_mirror.presets.locate import place_of
from keras_mirror.presets.registry import NamedPreset
from keras_mirror.presets.registry import named_presets


@click.command(cls=Command)
@model_argument
@result_options("json")
@click.option("--card", is_flag=True, help="Print the model card, Markdown.")
@overwrite_option
@backend_options
def info(
    encoder: str,
    forms: ResultForms,
    card: bool,
    overwrite: bool,
    backend: str | None,
    debug: bool,
) -> None:
    """Shows what MODEL is and how it was trained.

    An archive is read without loading a framework. Nothing is downloaded: for
    a preset that is not on this machine, shows what the package knows of it.
    Of an index, made by `keras-mirror index`, shows what it holds.
    """
    if forms.paths and card:
        raise click.UsageError("--json and --card cannot be combined")
    if _is_index(encoder):
        _print_index(encoder, forms, card)
        return
    preset = named_presets().get(encoder)
    if preset is not None and place_of(preset) == "to download":
        _print_known(preset, forms)
        return
    model = None
    if not is_archive(encoder):
        start_keras(backend, debug)
        model = open_model(encoder)
    if card:
        echo(_card(encoder, model), nl=False)
        return
    content = archive_info(encoder) if model is None else _facts(model)
    forms.write(content=content)
    if forms.take_screen:
        return
    origin = _preset_rows(preset) if preset else _origin(encoder, content)
    print_sections({"Model": origin, **_sections(content)}, sys.stdout)
    print_next("index", encoder, "TEXTS", "--output", "texts.index")


def _is_index(path: str) -> bool:
    from keras_mirror.store.index_folder import is_index

    return not is_archive(path) and is_index(path)


def _print_index(path: str, forms: ResultForms, card: bool) -> None:
    from keras_mirror.cli.index_info import index_facts
    from keras_mirror.cli.index_info import index_rows

    if card:
        raise click.UsageError("--card is for a MODEL, not for an index")
    facts = index_facts(path)
    forms.write(content=facts)
    if not forms.take_screen:
        print_sections({"Index": index_rows(path, facts)}, sys.stdout)
        print_next("search", path, '"..."')


def _print_known(preset: NamedPreset, forms: ResultForms) -> None:
    forms.write(content=dataclasses.asdict(preset))
    if forms.take_screen:
        return
    print_sections({"Model": _preset_rows(preset)}, sys.stdout)
    print_next("download", preset.name)


def _card(encoder: str, model) -> str:
    if model is None:
        return archive_card(encoder)
    from keras_mirror.archive.model_card import model_card

    how = f'model = keras_mirror.MirrorModel.from_preset("{encoder}")'
    return model_card(model, how_to_load=f"import keras_mirror\n\n{how}")


def _facts(model) -> dict:
    """What `archive_info` has of an archive, of a model of a preset."""
    backbone = model.encoder.backbone
    tokenizer = model.preprocessor.tokenizer
    config = backbone.get_config()
    return {
        "backbone": {
            "class": type(backbone).__name__,
            **{size: config[size] for size in SIZES if size in config},
        },
        "tokenizer": {
            "class": type(tokenizer).__name__,
            "vocabulary_size": tokenizer.vocabulary_size(),
        },
        "parameters": {"encoder": model.encoder.count_params()},
        "dtype_policy": model.encoder.dtype_policy.name,
        "recipe": model.recipe.get_config(),
        "centered": model.encoder.centered,
        "whitened": model.encoder.whitened,
        "projection_dim": model.encoder.projection_dim,
        "prompts": model.preprocessor.prompts.texts,
        "record": model.record.get_config(),
    }


def _origin(encoder: str, content: dict) -> list[tuple[str, str]]:
    record = content["record"] or {}
    origin = [("base", record.get("base") or "unknown")]
    if record.get("teacher"):
        origin.append(("teacher", record["teacher"]))
    if "saved" not in content:
        kind = "folder" if os.path.isdir(encoder) else "preset"
        return [(kind, encoder), *origin]
    return [
        ("archive", encoder),
        ("size", f"{content['size'] / 1e6:,.1f} MB"),
        ("saved", f"{content['saved']} by keras {content['keras']}"),
        *origin,
    ]


def _preset_rows(preset: NamedPreset) -> list[tuple[str, str]]:
    return [
        ("preset", preset.name),
        ("kind", preset.kind),
        ("place", place_of(preset)),
        *([("from", f"hf://{preset.repository}")] if preset.files else []),
        ("languages", preset.languages),
        ("license", preset.license),
        ("size", f"{preset.megabytes}, {preset.num_weights:,} weights"),
        *((name, f"{score:g}") for name, score in preset.scores.items()),
    ]


def _sections(content: dict) -> dict[str, list[tuple[str, str]]]:
    """Titles, and under them names and values."""
    record = content["record"] or {}
    prompts = content.get("prompts") or {}
    runs = enumerate(record.get("runs", []), start=1)
    return {
        "Encoder": [
            ("backbone", _backbone(content["backbone"])),
            ("parameters", _parameters(content["parameters"])),
            ("dtype policy", content["dtype_policy"]),
            ("tokenizer", _tokenizer(content["tokenizer"])),
            ("pooling", _pooling(content)),
            *((f"prompt {name}", repr(x)) for name, x in prompts.items()),
        ],
        "Recipe": [
            (name, "-" if value is None else str(value))
            for name, value in content["recipe"].items()
        ],
        "Training": [
            (f"fit {number}", run_words(checked_run(run)))
            for number, run in runs
        ],
        "Scores": [(k, f"{v:g}") for k, v in record.get("scores", {}).items()],
        "Notes": [(f"note {n}", x) for n, x in _numbered(record.get("notes"))],
    }


def _numbered(notes: list[str] | None) -> Iterator[tuple[int, str]]:
    return enumerate(notes or [], start=1)


def _pooling(content: dict) -> str:
    names = ("centered", "whitened", "projection_dim")
    return pooling_words(content["recipe"], *(content[name] for name in names))


def _backbone(backbone: dict) -> str:
    return backbone_words(backbone["class"], backbone)


def _tokenizer(tokenizer: dict) -> str:
    size = tokenizer["vocabulary_size"]
    return tokenizer["class"] + (f", {size:,} tokens" if size else "")


def _parameters(numbers: dict[str, int] | None) -> str:
    if numbers is None:
        return "unknown"
    names = {
        "encoder": "in the encoder",
        "training_only": "more in training",
        "optimizer": "of the optimizer",
    }
    return ", ".join(
        f"{numbers[part]:,} {name}"
        for part, name in names.items()
        if numbers.get(part)
    )
