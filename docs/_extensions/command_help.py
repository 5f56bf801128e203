"""The directive `command-help`: what every command says at `--help`."""

import click
from sphinx.util.docutils import SphinxDirective


def help_text(command: click.Command, name: str) -> str:
    """The help of a command, as a terminal of 80 columns shows it.

    Args:
        command: A `click.Command`.
        name: String, how the command is called.

    Returns:
        A string.
    """
    context = click.Context(
        command,
        info_name=f"keras-mirror {name}",
        terminal_width=80,
        help_option_names=["-h", "--help"],
    )
    return click.unstyle(command.get_help(context))


class CommandHelp(SphinxDirective):
    def run(self):
        # The command line keeps Keras out until it is needed: late here too.
        from keras_mirror.cli.main import cli

        lines = []
        for name, command in cli.commands.items():
            text = help_text(command, name)
            lines += [f"## {name}", "", "```text", text, "```", ""]
        return self.parse_text_to_nodes(
            "\n".join(lines), allow_section_headings=True
        )


def setup(app):
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True}
