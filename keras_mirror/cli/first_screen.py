"""What `keras-mirror` shows alone, and its commands in groups."""

import click

from keras_mirror.version import __version__

FIRST_STEPS = """\
Start here
  keras-mirror quickstart                  search Python functions by meaning
  keras-mirror index all_minilm_l6_v2_en TEXTS --output my.index   your texts
  keras-mirror search my.index "what they should mean"
"""
# Titles, and commands by what they are for.
GROUPS = {
    "Begin": ("quickstart", "presets", "download", "info"),
    "Use an encoder": (
        *("index", "search", "remove", "cluster", "map", "duplicates"),
        *("similarity", "encode", "serve", "export"),
    ),
    "Make an encoder for your texts": ("adapt", "train", "distill", "reduce"),
    "See whether it is better": ("evaluate", "compare", "judge"),
    "In your shell": ("completion",),
}
LAST_WORDS = """\
MODEL is a name of `keras-mirror presets`, a folder or an archive (*.keras).
TEXTS is a file with one text per line, or a table (.csv, .jsonl, .parquet).
keras-mirror COMMAND --help shows what a command takes; --json makes its result
readable for programs."""


class GroupedCommands(click.Group):
    """A group that shows its commands under titles, see `GROUPS`."""

    def format_commands(
        self, context: click.Context, formatter: click.HelpFormatter
    ) -> None:
        width = max(map(len, self.commands)) + 2
        for title, names in GROUPS.items():
            with formatter.section(title):
                for name in names:
                    text = self.commands[name].get_short_help_str(64)
                    formatter.write_text(f"{name:<{width}}{text}")


def first_screen(context: click.Context) -> str:
    """What to do first, and all commands.

    Args:
        context: The `click.Context` of a `GroupedCommands`.

    Returns:
        A string.
    """
    formatter = click.HelpFormatter(width=80)
    group = context.command
    if isinstance(group, GroupedCommands):
        group.format_commands(context, formatter)
    title = (
        f"keras-mirror {__version__}: text encoders from language models, "
        "without labels"
    )
    return "\n".join([title, "", FIRST_STEPS, formatter.getvalue(), LAST_WORDS])
