import functools

import click

RECIPES = [
    prefix + kind
    for prefix in ("", "paper_")
    for kind in ("sentence", "sentence_drophead", "phrase", "word")
]
# A field of `Recipe`: its type and what it is. The defaults are the recipe's.
FIELDS = {
    "temperature": (float, "Divides the cosines in the loss."),
    "span_length": (int, "Characters masked in one view; 0 masks none."),
    "sequence_length": (int, "Most tokens of a text."),
    "pooling_mode": (str, "cls, mean, max or padded_mean."),
    "pooled_layers": (str, "last, or first_last: their mean."),
    "frequency_smoothing": (float, "Frequent tokens weigh less, e.g. 0.001."),
    "dropout": (float, "Rate of all dropouts of the backbone."),
    "drophead": (float, "Chance of an attention head to be dropped."),
    "learning_rate": (float, "Of AdamW."),
    "weight_decay": (float, "Of AdamW."),
    "epochs": (int, "Times that the corpus is seen."),
    "batch_size": (int, "Strings of a step, each other's negatives."),
    "mini_batch_size": (int, "Texts per pass: large batches, little memory."),
    "max_negative_similarity": (
        float,
        "Highest cosine that a negative may have.",
    ),
    "decoupled": (bool, "Positives out of the loss's denominator."),
    "projection_head": (bool, "Two dense layers more, in training only."),
    "group_by_length": (bool, "Whether a batch is of similar lengths."),
}


def recipe_options(command):
    """Adds `--recipe` and an option for every field of a recipe.

    The command gets `recipe`, a string, and `fields`, a dict of the fields
    that were given.
    """

    @functools.wraps(command)
    def with_fields(**arguments):
        fields = {name: arguments.pop(name) for name in FIELDS}
        given = {name: v for name, v in fields.items() if v is not None}
        return command(fields=given, **arguments)

    for name, (kind, text) in reversed(FIELDS.items()):
        option = "--" + name.replace("_", "-")
        with_fields = click.option(option, type=kind, help=text)(with_fields)
    return click.option(
        "--recipe",
        type=click.Choice(RECIPES),
        default="sentence",
        show_default=True,
        help="Settings for texts of this kind; paper_* are the paper's.",
    )(with_fields)
