import json
import re

from keras_mirror.archive.card_wording import backbone_words
from keras_mirror.archive.card_wording import pooling_words
from keras_mirror.archive.card_wording import run_words
from keras_mirror.archive.record import TrainingRecord
from keras_mirror.archive.record import software_versions
from keras_mirror.recipes import Recipe

LOAD_ARCHIVE = """\
import keras
import keras_mirror  # pip install keras-mirror

model = keras.saving.load_model("encoder.keras")
vectors = model.encode_text(["A man is playing a guitar."])
"""
TAGS = ("keras-mirror", "mirror-bert", "sentence-similarity")
# A repository of the Hugging Face Hub and its owner.
_HUB_ID = re.compile(r"hf://([\w.-]+/[\w.-]+)")


def model_card(
    model,
    title: str | None = None,
    how_to_load: str | None = None,
    library_name: str = "keras",
) -> str:
    """Describes a model and its origin, as a README.md for Hugging Face.

    The card has the base, the recipe, the size and the hash of the corpus,
    versions, steps and seconds of training, and the scores that were added to
    `model.record`. It shows no text of the corpus, and only the name of a local
    folder.

    Args:
        model: A `MirrorModel`.
        title: String. Defaults to `None`: the base and what was done to it.
        how_to_load: String, Python code that loads the files beside the card,
            or Markdown with code blocks. Defaults to `None`: code that loads a
            `.keras` archive.
        library_name: String, the library that loads it, by its name on the
            Hugging Face Hub, such as `"sentence-transformers"`. Defaults to
            `"keras"`.

    Returns:
        A string of Markdown with a YAML header.

    Example:

    >>> print(model_card(model, title="Tiny").split("## ")[0])
    ---
    library_name: "keras"
    pipeline_tag: sentence-similarity
    tags:
    - keras-mirror
    - mirror-bert
    - sentence-similarity
    ---
    <BLANKLINE>
    # Tiny
    <BLANKLINE>
    Turns a text into a vector; texts of similar meaning are close in cosine.
    It was not trained by `fit` of keras_mirror.
    <BLANKLINE>
    <BLANKLINE>
    """
    record = model.record
    versions = ", ".join(map(" ".join, software_versions().items()))
    sections = [
        _header(record, library_name),
        f"# {' '.join((title or _title(record)).split())}",
        "Turns a text into a vector; texts of similar meaning are close in "
        f"cosine.\n{_origin(record)}",
        f"## How to load\n\n{_code(how_to_load or LOAD_ARCHIVE)}",
        _what_section(model),
        _training_section(record),
        _recipe_section(model.recipe),
        _scores_section(record.scores),
        *_notes_sections(record.notes),
        f"Written with {versions}.",
    ]
    return "\n\n".join(sections) + "\n"


def _origin(record: TrainingRecord) -> str:
    if record.teacher:
        return (
            f"It learned the vectors of {_line(record.teacher)} by "
            "distillation in keras_mirror.\nDistillation needs no labels; the "
            "teacher may have been trained with labels."
        )
    if not record.runs:
        return "It was not trained by `fit` of keras_mirror."
    return (
        "Trained without labels by Mirror-BERT ([Liu et al.,\n"
        "2021](https://arxiv.org/abs/2104.08027)) in keras_mirror. Its base "
        "may have been trained with labels."
    )


def _header(record: TrainingRecord, library_name: str) -> str:
    lines = [
        "---",
        # A string of JSON is one of YAML, whatever is in it.
        f"library_name: {json.dumps(library_name)}",
        "pipeline_tag: sentence-similarity",
        *["tags:", *(f"- {tag}" for tag in TAGS)],
    ]
    match = _HUB_ID.fullmatch(record.base or "")
    if match:
        lines.append(f"base_model: {json.dumps(match[1])}")
    return "\n".join([*lines, "---"])


def _title(record: TrainingRecord) -> str:
    base = record.base or "Text encoder"
    if record.teacher:
        return f"A student of {record.teacher}"
    return f"{base}, mirror-fine-tuned" if record.runs else base


def _code(text: str) -> str:
    if "```" in text:
        return text.strip()
    return f"```python\n{text.strip()}\n```"


def _what_section(model) -> str:
    encoder, preprocessor = model.encoder, model.preprocessor
    tokenizer = preprocessor.tokenizer
    backbone = getattr(encoder, "backbone", encoder)
    rows = {
        "base": model.record.base or "unknown",
        "backbone": backbone_words(
            type(backbone).__name__, backbone.get_config()
        ),
        "parameters": _parameters(model),
        "vector": _vector(encoder),
        "pooling": pooling_words(
            model.recipe.get_config(),
            getattr(encoder, "centered", False),
            getattr(encoder, "whitened", False),
            getattr(encoder, "projection_dim", None),
        ),
        "tokenizer": f"{type(tokenizer).__name__}, "
        f"{tokenizer.vocabulary_size():,} tokens",
        "longest text": f"{preprocessor.sequence_length} tokens; "
        "longer ones are cut",
        "dtype policy": encoder.dtype_policy.name,
    }
    return f"## What it is\n\n{_table(rows)}"


def _vector(encoder) -> str:
    projection = getattr(encoder, "projection", None)
    of = f" of {projection.kernel.shape[0]}" if projection is not None else ""
    length = "`encode_text` does not normalize them"
    return f"{encoder.output_shape[-1]}{of} numbers; {length}"


def _training_section(record: TrainingRecord) -> str:
    if not record.runs:
        return "## Training\n\nNo `fit` is on record."
    runs = "\n".join(f"1. {_line(run_words(run))}." for run in record.runs)
    if not any(run.corpus for run in record.runs):
        return f"## Training\n\n{runs}"
    return (
        f"## Training\n\n{runs}\n\n"
        "The hash is that of the different strings in the order of code "
        "points, a line each:\n`LC_ALL=C sort -u corpus.txt | sha256sum`, of "
        "a file without empty lines and white\nspace around its lines. Their "
        "text is not in this card."
    )


def _recipe_section(recipe: Recipe) -> str:
    return (
        "## Recipe\n\nThese are the defaults of `compile()` and "
        f"`fit()`.\n\n{_table(recipe.get_config())}"
    )


def _scores_section(scores: dict[str, float]) -> str:
    if not scores:
        return "## Scores\n\nNone are on record."
    rows = {name: f"{score:g}" for name, score in scores.items()}
    return f"## Scores\n\n{_table(rows)}"


def _notes_sections(notes: tuple[str, ...]) -> list[str]:
    if not notes:
        return []
    return ["## Notes\n\n" + "\n".join(f"- {_line(note)}" for note in notes)]


def _line(text: str) -> str:
    """Turns any value of an archive into one line of plain text."""
    return " ".join(text.split()).replace("<", "&lt;")


def _parameters(model) -> str:
    text = f"{model.encoder.count_params():,}"
    if model.projection_head is None:
        return text
    return f"{text}, {model.projection_head.count_params():,} more in training"


def _table(rows: dict) -> str:
    """A table of two columns; cells may hold any characters."""
    lines = ["| | |", "|---|---|"]
    for name, value in rows.items():
        cells = [" ".join(str(x).split()) for x in (name, value)]
        cells = [cell.replace("|", "\\|") for cell in cells]
        lines.append(f"| {cells[0]} | {cells[1]} |")
    return "\n".join(lines)
