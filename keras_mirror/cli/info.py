import json

import click

from keras_mirror.archive.card_wording import backbone_words
from keras_mirror.archive.card_wording import pooling_words
from keras_mirror.archive.card_wording import run_words
from keras_mirror.archive.reading import archive_card
from keras_mirror.archive.reading import archive_info
from keras_mirror.archive.training_run import TrainingRun
from keras_mirror.cli.options import archive_argument


@click.command()
@archive_argument
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@click.option("--card", is_flag=True, help="The model card, as Markdown.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def info(archive: str, as_json: bool, card: bool, debug: bool) -> None:
    """Shows what ARCHIVE contains, without loading a framework."""
    if as_json and card:
        raise click.UsageError("--json and --card cannot be combined")
    if card:
        click.echo(_printable(archive_card(archive)), nl=False)
        return
    content = archive_info(archive)
    if as_json:
        click.echo(json.dumps(content, indent=2))
        return
    rows = _rows(archive, content)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(_printable(f"{name:<{width}}  {value}"))


def _rows(archive: str, content: dict) -> list[tuple[str, str]]:
    """Names and values; several runs are several rows."""
    saved = f"{content['size'] / 1e6:,.1f} MB, saved {content['saved']}"
    recipe, tokenizer = content["recipe"], content["tokenizer"]
    fields = ", ".join(f"{name} {value}" for name, value in recipe.items())
    record = content["record"] or {}
    return [
        ("archive", f"{archive}, {saved} by keras {content['keras']}"),
        ("base", record.get("base") or "unknown"),
        ("backbone", _backbone(content["backbone"])),
        ("parameters", _parameters(content["parameters"])),
        ("dtype policy", content["dtype_policy"]),
        ("tokenizer", _tokenizer(tokenizer)),
        ("pooling", pooling_words(recipe)),
        ("recipe", fields),
        *(("fit", run_words(TrainingRun(**x))) for x in record.get("runs", [])),
        *(("score", f"{k} {v:g}") for k, v in record.get("scores", {}).items()),
    ]


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
        if numbers[part]
    )


def _printable(text: str) -> str:
    """Without the control characters by which a file could steer a screen."""
    return "".join(x for x in text if x.isprintable() or x in "\n\t")
