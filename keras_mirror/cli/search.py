import os

import click

from keras_mirror.cli.console import ask
from keras_mirror.cli.console import print_json
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_texts
from keras_mirror.cli.console import status
from keras_mirror.cli.models import open_model
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.options import ExistingFile
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import check_model_name
from keras_mirror.cli.options import interactive_option
from keras_mirror.cli.options import prompt_option
from keras_mirror.integrations.load_model import is_archive


@click.command()
@click.argument("index", type=ExistingFile())
@click.argument("queries", nargs=-1, metavar="QUERY...")
@click.option("--k", type=click.IntRange(1), default=5, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Results as JSON.")
@interactive_option
@click.option(
    "--model",
    "--archive",
    "encoder",
    callback=check_model_name,
    help="The encoder. Default: the one that INDEX was made with.",
)
@prompt_option
@backend_options
def search(
    index: str,
    queries: tuple[str, ...],
    k: int,
    as_json: bool,
    interactive: bool,
    encoder: str | None,
    prompt: str | None,
    backend: str | None,
    debug: bool,
) -> None:
    """Finds the lines of INDEX that mean what QUERY says.

    Prints cosine, line number and line. INDEX is what `keras-mirror index`
    made; the index and the archive of its encoder may be moved together.
    """
    if not queries and not interactive:
        raise click.UsageError("a QUERY or --interactive is missing")
    if as_json and interactive:
        raise click.UsageError("--json and --interactive exclude each other")
    start_keras(backend, debug)
    opened = _open(index, encoder)
    with status("Searching"):
        found = opened.query(list(queries), k, prompt)
    answers = list(zip(queries, found, strict=True))
    if as_json:
        print_json(_as_json(answers))
        return
    for query, results in answers:
        _print(query, results)
    if not interactive:
        print_next("search", index, "--interactive")
    else:
        ask(
            "What are you looking for?",
            lambda query: _print(query, opened.query(query, k, prompt)[0]),
        )


def _open(index: str, encoder: str | None):
    from keras_mirror.search import Index

    model = open_model(encoder or _encoder_of(index))
    with status(f"Loading {index}"):
        return Index.load(index, model)


def _encoder_of(index: str) -> str:
    from keras_mirror.search.index_file import archive_of_index

    archive = archive_of_index(index)
    if archive is None:
        raise click.UsageError(
            f"'{index}' does not say where its encoder is: name it with --model"
        )
    if is_archive(archive) and not os.path.isfile(archive):
        raise click.UsageError(
            f"'{index}' was made with '{archive}', which is not there any "
            "more: name it with --model"
        )
    return archive


def _print(query: str, results: list) -> None:
    print_texts(query, ((each[1], each[2] + 1, each[0]) for each in results))


def _as_json(answers: list[tuple[str, list]]) -> list[dict]:
    return [
        {
            "query": query,
            "results": [
                {
                    "text": result.text,
                    "similarity": round(result.similarity, 6),
                    "line": result.row + 1,
                }
                for result in results
            ],
        }
        for query, results in answers
    ]
