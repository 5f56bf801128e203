import dataclasses
import os
import sys

import click

from keras_mirror.archive.card_wording import SIZES
from keras_mirror.archive.card_wording import backbone_words
from keras_mirror.archive.card_wording import pooling_words
from keras_mirror.archive.card_wording import run_words
from keras_mirror.archive.reading import archive_card
from keras_mirror.archive.reading import archive_info
from keras_mirror.archive.training_run import checked_run
from keras_mirror.cli.console import echo
from keras_mirror.cli.console import print_json
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_rows
from keras_mirror.cli.models import open_model
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import model_argument
from keras_mirror.integrations.load_model import is_archive
from keras_mirror.presets.locate import place_of
from keras_mirror.presets.registry import NamedPreset
from keras_mirror.presets.registry import named_presets


@click.command()
@model_argument
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@click.option("--card", is_flag=True, help="The model card, as Markdown.")
@backend_options
def info(
    encoder: str, as_json: bool, card: bool, backend: str | None, debug: bool
) -> None:
    """Shows what MODEL is: of an archive, without loading a framework.

    Nothing is fetched: of a preset that is elsewhere it tells what is known.
    """
    if as_json and card:
        raise click.UsageError("--json and --card cannot be combined")
    preset = named_presets().get(encoder)
    if preset is not None and place_of(preset) == "to download":
        _print_known(preset, as_json)
        return
    model = None
    if not is_archive(encoder):
        start_keras(backend, debug)
        model = open_model(encoder)
    if card:
        echo(_card(encoder, model), nl=False)
        return
    content = archive_info(encoder) if model is None else _facts(model)
    if as_json:
        print_json(content, indent=2)
        return
    origin = _preset_rows(preset) if preset else _origin(encoder, content)
    print_rows([*origin, *_rows(content)], sys.stdout)
    print_next("index", encoder, "TEXTS", "--output", "texts.index")


def _print_known(preset: NamedPreset, as_json: bool) -> None:
    if as_json:
        print_json(dataclasses.asdict(preset), indent=2)
        return
    print_rows(_preset_rows(preset), sys.stdout)
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
    saved = f"{content['size'] / 1e6:,.1f} MB, saved {content['saved']}"
    name = f"{encoder}, {saved} by keras {content['keras']}"
    return [("archive", name), *origin]


def _preset_rows(preset: NamedPreset) -> list[tuple[str, str]]:
    scores = ", ".join(f"{k} {v:g}" for k, v in preset.scores.items())
    return [
        ("preset", f"{preset.name}, {preset.kind}, {place_of(preset)}"),
        *([("from", f"hf://{preset.repository}")] if preset.files else []),
        ("languages", preset.languages),
        ("license", preset.license),
        ("size", f"{preset.megabytes}, {preset.num_weights:,} weights"),
        *([("scores", scores)] if scores else []),
    ]


def _rows(content: dict) -> list[tuple[str, str]]:
    """Names and values; several runs are several rows."""
    recipe, tokenizer = content["recipe"], content["tokenizer"]
    fields = ", ".join(f"{name} {value}" for name, value in recipe.items())
    record = content["record"] or {}
    prompts = content.get("prompts") or {}
    return [
        ("backbone", _backbone(content["backbone"])),
        ("parameters", _parameters(content["parameters"])),
        ("dtype policy", content["dtype_policy"]),
        ("tokenizer", _tokenizer(tokenizer)),
        ("pooling", _pooling(content)),
        *(("prompt", f"{name}: {text!r}") for name, text in prompts.items()),
        ("recipe", fields),
        *(("fit", run_words(checked_run(x))) for x in record.get("runs", [])),
        *(("score", f"{k} {v:g}") for k, v in record.get("scores", {}).items()),
        *(("note", note) for note in record.get("notes", [])),
    ]


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
