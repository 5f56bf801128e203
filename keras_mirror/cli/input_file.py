import click


def errors_option(command):
    """Adds `--errors`, see `keras_mirror.text_files.read_lines`."""
    return click.option(
        "--errors",
        type=click.Choice(["strict", "replace"]),
        default="strict",
        show_default=True,
        help="What to do with bytes that are not UTF-8.",
    )(command)
