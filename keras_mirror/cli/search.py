import os
from collections.abc import Callable

import click

from keras_mirror.cli.command import Command
from keras_mirror.cli.completion import complete_models
from keras_mirror.cli.console import ask
from keras_mirror.cli.console import echo
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_texts
from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.encoders import open_encoder
from keras_mirror.cli.options import ExistingFile
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import check_model_name
from keras_mirror.cli.options import interactive_option
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.options import prompt_option
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.cli.sheet import Sheet
from keras_mirror.integrations.load_model import is_archive
from keras_mirror.store import MODES

Find = Callable[[list[str]], list]


@click.command(cls=Command)
@click.argument("index", type=ExistingFile(or_folder=True))
@click.argument("queries", nargs=-1, metavar="QUERY...")
@click.option("--k", type=click.IntRange(1), default=5, show_default=True)
@click.option(
    "--where",
    help='Condition on metadata, id and text: "year >= 2026 AND text LIKE '
    "'%refund%'\".",
)
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default="vector",
    show_default=True,
    help="Compare vectors, words (BM25), or look at both.",
)
@result_options("json", "csv")
@overwrite_option
@interactive_option
@click.option(
    "--model",
    "--archive",
    "encoder",
    shell_complete=complete_models,
    callback=check_model_name,
    help="The encoder. Default: the one that INDEX was made with.",
)
@prompt_option
@backend_options
def search(
    index: str,
    queries: tuple[str, ...],
    k: int,
    where: str | None,
    mode: str,
    forms: ResultForms,
    overwrite: bool,
    interactive: bool,
    encoder: str | None,
    prompt: str | None,
    backend: str | None,
    debug: bool,
) -> None:
    """Finds the lines of INDEX that mean what QUERY says.

    Prints cosine, id or line number, and line; --mode keyword prints the BM25
    score, needs no encoder and answers at once. It ranks by the words of QUERY
    as they are written: there are no operators. INDEX is what `keras-mirror
    index` made; the index and the archive of its encoder may be moved together.
    """
    if not queries and not interactive:
        raise click.UsageError("give a QUERY or --interactive")
    if forms.paths and interactive:
        name = next(iter(forms.paths))
        raise click.UsageError(f"--{name} and --interactive exclude each other")
    if mode == "keyword":
        find = _keyword_search(index, k, where)
    else:
        opened = _open(index, encoder, backend, debug)
        find = _search(opened, k, prompt, where, mode)
    with status("Searching"):
        found = find(list(queries))
    answers = list(zip(queries, found, strict=True))
    if forms.paths:
        forms.write(_sheet(answers), _as_json(answers))
        return
    for query, results in answers:
        _print(query, results)
    if not interactive:
        print_next("search", index, "--interactive")
    else:
        ask(
            "What are you looking for?",
            lambda query: _print(query, find([query])[0]),
        )


def _open(index: str, encoder: str | None, backend: str | None, debug: bool):
    from keras_mirror.search import Index

    model = open_encoder(encoder or _encoder_of(index), backend, debug)
    with status(f"Loading {index}"):
        return Index.load(index, model)


def _encoder_of(index: str) -> str:
    from keras_mirror.store.index_folder import archive_of_index

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


def _search(
    opened, k: int, prompt: str | None, where: str | None, mode: str
) -> Find:
    _check_where(opened._store, where)
    return lambda queries: opened.query(queries, k, prompt, where, mode)


def _keyword_search(index: str, k: int, where: str | None) -> Find:
    from keras_mirror.store.answers import find_answers
    from keras_mirror.store.index_folder import open_index

    store = open_index(index)
    _check_where(store, where)
    return lambda queries: find_answers(
        store, queries, None, k, where, "keyword"
    )


def _check_where(store, where: str | None) -> None:
    from keras_mirror.store.where import parse_where

    if where is not None:
        with usage_errors():
            parse_where(where, store.settings.columns)


def _print(query: str, results: list) -> None:
    print_texts(
        query,
        (
            (each.score if each.similarity is None else each.similarity,)
            + (each.id, each.text)
            for each in results
        ),
    )
    if not results:
        echo("  nothing found")


def _sheet(answers: list[tuple[str, list]]) -> Sheet:
    """A row per result; metadata have columns of their names."""
    names = dict.fromkeys(
        name for _, found in answers for each in found for name in each.metadata
    )
    rows = [
        [
            *(query, place, each.similarity, each.score),
            *(each.id, each.row + 1, each.text),
            *(each.metadata.get(name) for name in names),
        ]
        for query, found in answers
        for place, each in enumerate(found, start=1)
    ]
    columns = ("query", "rank", "similarity", "score", "id", "line", "text")
    return Sheet([*columns, *names], rows)


def _as_json(answers: list[tuple[str, list]]) -> list[dict]:
    return [
        {"query": query, "results": [_fields(each) for each in results]}
        for query, results in answers
    ]


def _fields(result) -> dict[str, object]:
    similarity = result.similarity
    return {
        "text": result.text,
        "similarity": None if similarity is None else round(similarity, 6),
        "score": round(result.score, 6),
        "line": result.row + 1,
        "id": result.id,
        "metadata": result.metadata,
    }
