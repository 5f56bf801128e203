import json
import os

import click

from keras_mirror.cli.console import ask
from keras_mirror.cli.console import print_texts
from keras_mirror.cli.console import status
from keras_mirror.cli.models import open_archive
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import interactive_option


@click.command()
@click.argument("index", type=click.Path(exists=True, dir_okay=False))
@click.argument("queries", nargs=-1, metavar="QUERY...")
@click.option("--k", type=click.IntRange(1), default=5, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Results as JSON.")
@interactive_option
@click.option(
    "--archive",
    type=click.Path(exists=True, dir_okay=False),
    help="The encoder. Default: where it was when INDEX was made.",
)
@backend_options
def search(
    index: str,
    queries: tuple[str, ...],
    k: int,
    as_json: bool,
    interactive: bool,
    archive: str | None,
    backend: str | None,
    debug: bool,
) -> None:
    """Finds the lines of INDEX that mean what QUERY says.

    Prints cosine, line number and line. INDEX is what `keras-mirror index`
    made; the index and its archive may be moved together.
    """
    if not queries and not interactive:
        raise click.UsageError("a QUERY or --interactive is missing")
    if as_json and interactive:
        raise click.UsageError("--json and --interactive exclude each other")
    start_keras(backend, debug)
    opened = _open(index, archive)
    with status("Searching"):
        found = opened.query(list(queries), k)
    answers = list(zip(queries, found, strict=True))
    if as_json:
        click.echo(json.dumps(_as_json(answers), indent=1, ensure_ascii=False))
        return
    for query, results in answers:
        _print(query, results)
    if interactive:
        ask(
            "What are you looking for?",
            lambda query: _print(query, opened.query(query, k)[0]),
        )


def _open(index: str, archive: str | None):
    from keras_mirror.search import Index

    archive = archive or _archive_of(index)
    model = open_archive(archive)
    with status(f"Loading {index}"):
        return Index.load(index, model)


def _archive_of(index: str) -> str:
    from keras_mirror.search.index_file import archive_of_index

    archive = archive_of_index(index)
    if archive is None:
        raise click.UsageError(
            f"'{index}' does not say where its encoder is: name it with "
            "--archive"
        )
    if not os.path.isfile(archive):
        raise click.UsageError(
            f"'{index}' was made with '{archive}', which is not there any "
            "more: name it with --archive"
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
