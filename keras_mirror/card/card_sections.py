"""Sections of a model card, in Markdown."""

from keras_mirror.card.wording import backbone_words
from keras_mirror.card.wording import pooling_words
from keras_mirror.card.wording import run_words


def what_section(model):
    """What a model is made of.

    Args:
        model: A `MirrorModel`.

    Returns:
        A string.

    Example:

    >>> print(what_section(model).splitlines()[5])
    | backbone | BertBackbone, num_layers 2, hidden_dim 8, num_heads 2, intermediate_dim 16 |
    """  # noqa: E501
    encoder, preprocessor = model.encoder, model.preprocessor
    tokenizer = preprocessor.tokenizer
    backbone = getattr(encoder, "backbone", encoder)
    rows = {
        "base": model.record.base or "unknown",
        "backbone": backbone_words(
            type(backbone).__name__, backbone.get_config()
        ),
        "parameters": _parameters(model),
        "vector": f"{encoder.output_shape[-1]} numbers, not normalised",
        "pooling": pooling_words(model.recipe.get_config()),
        "tokenizer": f"{type(tokenizer).__name__}, "
        f"{tokenizer.vocabulary_size():,} tokens",
        "longest text": f"{preprocessor.sequence_length} tokens; "
        "longer ones are cut",
        "dtype policy": encoder.dtype_policy.name,
    }
    return f"## What it is\n\n{_table(rows)}"


def training_section(record):
    """What `fit` did, run after run.

    Args:
        record: A `TrainingRecord`.

    Returns:
        A string.

    Example:

    >>> from keras_mirror.record.training_record import TrainingRecord
    >>> print(training_section(TrainingRecord()))
    ## Training
    <BLANKLINE>
    No `fit` is on record.
    """
    if not record.runs:
        return "## Training\n\nNo `fit` is on record."
    runs = "\n".join(f"1. {run_words(run)}." for run in record.runs)
    if not any(run.corpus for run in record.runs):
        return f"## Training\n\n{runs}"
    return (
        f"## Training\n\n{runs}\n\n"
        "The hash is that of the different strings in the order of code "
        "points, a line each:\n`LC_ALL=C sort -u corpus.txt | sha256sum`, of "
        "a file without empty lines and white\nspace around its lines. Their "
        "text is not in this card."
    )


def recipe_section(recipe):
    """All fields of a recipe.

    Args:
        recipe: A `Recipe`.

    Returns:
        A string.

    Example:

    >>> print(recipe_section(model.recipe).splitlines()[6])
    | temperature | 0.04 |
    """
    return (
        "## Recipe\n\nWhat `compile()` and `fit()` do if they are not told "
        f"otherwise.\n\n{_table(recipe.get_config())}"
    )


def scores_section(scores):
    """What the user measured.

    Args:
        scores: Dict from names to numbers.

    Returns:
        A string.

    Example:

    >>> print(scores_section({"STS-B dev": 72.13}).splitlines()[-1])
    | STS-B dev | 72.13 |
    """
    if not scores:
        return "## Scores\n\nNone are on record."
    rows = {name: f"{score:g}" for name, score in scores.items()}
    return f"## Scores\n\n{_table(rows)}"


def _parameters(model):
    text = f"{model.encoder.count_params():,}"
    if model.projection_head is None:
        return text
    return f"{text}, {model.projection_head.count_params():,} more in training"


def _table(rows):
    """Two columns. Names of folders and scores may hold anything."""
    lines = ["| | |", "|---|---|"]
    for name, value in rows.items():
        cells = [" ".join(str(x).split()) for x in (name, value)]
        cells = [cell.replace("|", "\\|") for cell in cells]
        lines.append(f"| {cells[0]} | {cells[1]} |")
    return "\n".join(lines)
