"""The options of recipes: names and help texts are those of `recipes`.

Short, and apart from `train`, as every group of options is.
"""

import functools
from collections.abc import Callable
from typing import Any

import click

from keras_mirror.recipes import FIELDS
from keras_mirror.recipes import RECIPES
from keras_mirror.recipes import field_type


def recipe_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--recipe` and an option for every field of a recipe.

    The command gets `recipe`, a string, and `fields`, a dict of the fields
    that were given.
    """

    @functools.wraps(command)
    def with_fields(**arguments: Any) -> Any:
        fields = {name: arguments.pop(name) for name in FIELDS}
        given = {name: v for name, v in fields.items() if v is not None}
        return command(fields=given, **arguments)

    for name, field in reversed(FIELDS.items()):
        option = "--" + name.replace("_", "-")
        with_fields = click.option(
            option, type=field_type(name), help=field.metadata["help"]
        )(with_fields)
    return click.option(
        "--recipe",
        type=click.Choice(list(RECIPES)),
        default="sentence",
        show_default=True,
        help="Settings for texts of this kind; paper_* are the paper's.",
    )(with_fields)
