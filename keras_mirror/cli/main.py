import sys
import traceback
from collections.abc import Sequence

import click

from keras_mirror.cli.adapt import adapt
from keras_mirror.cli.cluster import cluster
from keras_mirror.cli.compare import compare
from keras_mirror.cli.completion import completion
from keras_mirror.cli.console import echo
from keras_mirror.cli.console import print_error
from keras_mirror.cli.console import write_utf8
from keras_mirror.cli.distill import distill
from keras_mirror.cli.duplicates import duplicates
from keras_mirror.cli.encode import encode
from keras_mirror.cli.evaluate import evaluate
from keras_mirror.cli.export import export
from keras_mirror.cli.first_screen import GroupedCommands
from keras_mirror.cli.first_screen import first_screen
from keras_mirror.cli.index import index
from keras_mirror.cli.info import info
from keras_mirror.cli.judge import judge
from keras_mirror.cli.map import map_texts
from keras_mirror.cli.presets import download
from keras_mirror.cli.presets import presets
from keras_mirror.cli.quickstart import quickstart
from keras_mirror.cli.reduce import reduce
from keras_mirror.cli.remove import remove
from keras_mirror.cli.search import search
from keras_mirror.cli.serve import serve
from keras_mirror.cli.similarity import similarity
from keras_mirror.cli.standard_streams import end_output
from keras_mirror.cli.standard_streams import open_standard_streams
from keras_mirror.cli.train import train
from keras_mirror.machine_errors import check_backend
from keras_mirror.machine_errors import is_memory_error
from keras_mirror.version import __version__


@click.group(
    cls=GroupedCommands,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="keras-mirror")
@click.pass_context
def cli(context: click.Context) -> None:
    """Turns a pretrained language model into a text encoder, without labels."""
    if context.invoked_subcommand is None:
        click.echo(first_screen(context))


for command in (
    quickstart,
    train,
    adapt,
    distill,
    encode,
    similarity,
    evaluate,
    compare,
    judge,
    reduce,
    export,
    index,
    remove,
    search,
    serve,
    duplicates,
    cluster,
    map_texts,
    info,
    presets,
    download,
    completion,
):
    cli.add_command(command)


def run(arguments: Sequence[str] | None = None) -> None:
    """Runs a command and exits: 0 done, 1 failed, 2 wrong use, 130 stopped.

    Prints an error in one line; `--debug` adds the traceback.

    Args:
        arguments: List of strings. Defaults to `None`: those of the process.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    open_standard_streams()
    write_utf8()
    try:
        code = cli.main(
            arguments, "keras-mirror", standalone_mode=False, obj=arguments
        )
        sys.exit(code if isinstance(code, int) else 0)
    except (KeyboardInterrupt, click.Abort):
        print_error("interrupted; nothing was saved")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)  # the reader of our output has gone: nothing to tell
    except click.UsageError as error:
        _tell(error, error.format_message(), debug)
        sys.exit(2)
    except Exception as error:
        end_output()
        _tell(error, _words(error), debug)
        sys.exit(1)


def _words(error: Exception) -> str:
    """What an error says of the machine, or by itself."""
    if is_memory_error(error):
        return f"there is not enough memory. {error}"
    try:
        check_backend()
    except RuntimeError as reason:
        return str(reason)
    if isinstance(error, OSError) and error.strerror:  # without [Errno 2]
        names = [f"'{error.filename}'"] if error.filename else []
        return ": ".join([*names, error.strerror])
    return str(error) or type(error).__name__


def _tell(error: Exception, message: str, debug: bool) -> None:
    if debug:
        echo("".join(traceback.format_exception(error)), err=True, nl=False)
    print_error(message)
