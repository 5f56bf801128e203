import os
import pathlib

import click
from click.shell_completion import CompletionItem
from click.shell_completion import get_completion_class

from keras_mirror.cli.console import echo

PROGRAM = "keras-mirror"
VARIABLE = "_KERAS_MIRROR_COMPLETE"
# Where each shell reads the line, or, for fish, the script itself.
FILES = {
    "bash": "~/.bashrc",
    "zsh": "~/.zshrc",
    "fish": "~/.config/fish/completions/keras-mirror.fish",
}


@click.command()
@click.argument(
    "shell", type=click.Choice(list(FILES)), required=False, metavar="[SHELL]"
)
def completion(shell: str | None) -> None:
    """Prints the script that completes commands in bash, zsh or fish.

    SHELL is bash, zsh or fish; the default is that of the variable SHELL.
    Once, for all later terminals:

    \b
      bash   echo 'eval "$(keras-mirror completion bash)"' >> ~/.bashrc
      zsh    echo 'eval "$(keras-mirror completion zsh)"' >> ~/.zshrc
      fish   keras-mirror completion fish \\
               > ~/.config/fish/completions/keras-mirror.fish

    Bash must be 4.4 or newer; zsh needs `compinit` before the line. Then Tab
    completes commands, options, their values, names of presets and files.
    """
    echo(script(shell or _own_shell()), nl=False)


def script(shell: str) -> str:
    """The script of a shell, see `FILES`.

    Example:

    >>> VARIABLE in script("zsh")
    True
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"SHELL must be one of {', '.join(FILES)}")
    command = click.Command(PROGRAM)
    filled = kind(command, {}, PROGRAM, VARIABLE)
    # Not `source()`, which starts bash to ask for its version.
    return filled.source_template % filled.source_vars()


def complete_models(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Files, and names of presets: bash forgets names before files."""
    from keras_mirror.presets.registry import named_presets

    names = [x for x in named_presets() if x.startswith(incomplete)]
    items = [CompletionItem(name) for name in names]
    return [CompletionItem(incomplete, type="file"), *items]


def _own_shell() -> str:
    name = pathlib.PurePath(os.environ.get("SHELL", "")).name
    if name not in FILES:
        raise click.UsageError(
            f"SHELL must be one of {', '.join(FILES)}. "
            f"Received: {name or 'nothing'}"
        )
    return name
