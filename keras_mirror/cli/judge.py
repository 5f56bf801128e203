import functools
import sys
import time

import click

from keras_mirror.cli.command import Command
from keras_mirror.cli.completion import complete_models
from keras_mirror.cli.console import echo
from keras_mirror.cli.console import encoding_bar
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import status
from keras_mirror.cli.files import check_output
from keras_mirror.cli.files import list_texts
from keras_mirror.cli.judge_screen import ask_leads
from keras_mirror.cli.models import open_model
from keras_mirror.cli.models import start_keras
from keras_mirror.cli.options import SEED
from keras_mirror.cli.options import ExistingFile
from keras_mirror.cli.options import backend_options
from keras_mirror.cli.options import batch_size_option
from keras_mirror.cli.options import check_model_name
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.options import text_options
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.optional import import_optional

NUMBER = 20


@click.command(cls=Command)
@click.argument(
    "a",
    metavar="A",
    required=False,
    shell_complete=complete_models,
    callback=check_model_name,
)
@click.argument(
    "b",
    metavar="B",
    required=False,
    shell_complete=complete_models,
    callback=check_model_name,
)
@click.argument("texts", metavar="TEXTS", required=False)
@click.option(
    "--queries",
    type=click.Path(),
    help="File of searches, one per line. Default: lines of TEXTS.",
)
@click.option(
    "--number",
    type=click.IntRange(1, 1000),
    help=f"Searches to judge. Default: {NUMBER}, or all of --queries.",
)
@click.option(
    "--sample",
    type=click.IntRange(1),
    default=10_000,
    show_default=True,
    help="The maximum number of texts to search in, drawn at random.",
)
@click.option(
    "--seed", type=SEED, default=0, show_default=True, help="Random seed."
)
@click.option(
    "--html", "html_path", help="Write a page to judge on to this file."
)
@click.option(
    "--answers",
    type=ExistingFile(),
    multiple=True,
    help="Count the answers from a page, without A B TEXTS. May be repeated.",
)
@result_options("json")
@batch_size_option
@text_options
@overwrite_option
@backend_options
def judge(
    a: str | None,
    b: str | None,
    texts: str | None,
    queries: str | None,
    number: int | None,
    sample: int,
    seed: int,
    html_path: str | None,
    answers: tuple[str, ...],
    forms: ResultForms,
    batch_size: int | None,
    column: str | None,
    errors: str,
    encoding: str,
    overwrite: bool,
    backend: str | None,
    debug: bool,
) -> None:
    """Asks you which of two encoders finds better, without names.

    A and B are encoders: names, folders or archives. Both search TEXTS for
    some of its own lines, or for --queries. You see the five nearest texts of
    each, side by side in random order, and choose: l (left), r (right), e or
    Space (no difference), q (stop). Then a sign test tells whether the choices
    show more than chance. Searches for which both find the same are left out.
    """
    start = time.monotonic()
    if answers:
        if a or html_path:
            raise click.UsageError("--answers takes no A B TEXTS and no --html")
        start_keras(backend, debug)
        _count(answers, forms, start)
        return
    names, path = _check(a, b, texts, html_path, overwrite)
    start_keras(backend, debug)
    lines = _read(path, column, errors, encoding, sample, seed)
    asked = lines
    if queries:
        asked = _read(queries, None, errors, encoding, sys.maxsize, seed)
        number = number or len(asked)
    searches = [_search(name, lines, batch_size) for name in names]
    blind = _draw(names, asked, searches, number or NUMBER, seed)
    rows = {
        "texts": len(lines),
        "searches": f"{blind.num_searched}, the same was found for "
        f"{blind.num_same}",
    }
    if html_path:
        _write_page(html_path, blind, names, overwrite)
        pairs = {"pairs": len(blind.pairs), "written": html_path}
        print_summary(rows | pairs, start)
        print_next("judge", "--answers", "answers.json")
        return
    print_summary(rows, start)
    from keras_mirror.evidence.sign_test import Judgments

    _print(Judgments.count(names, ask_leads(blind.pairs)), forms)


def _check(
    a: str | None,
    b: str | None,
    texts: str | None,
    html_path: str | None,
    overwrite: bool,
) -> tuple[tuple[str, str], str]:
    """The two names and the path of the texts, if all is well."""
    if not a or not b or not texts:
        received = " ".join(filter(None, (a, b)))
        raise click.UsageError(
            "two encoders and a file of texts are expected, A B TEXTS. "
            f"Received: {received or 'nothing'}"
        )
    if a == b:
        raise click.UsageError(f"A and B must differ. Received: {a} twice")
    if html_path:
        check_output(html_path, overwrite, ".html", "--html")
        import_optional("jinja2", "report")
    elif not sys.stdin.isatty():
        raise click.UsageError(
            "judging needs a terminal. --html FILE makes a page to judge on"
        )
    return (a, b), texts


def _read(
    path: str,
    column: str | None,
    errors: str,
    encoding: str,
    size: int,
    seed: int,
) -> list[str]:
    """Different texts of a file, at most so many, in random order."""
    from keras_mirror.evidence.judge import distinct_texts

    texts = list_texts(path, column, errors, encoding)
    lines = distinct_texts(texts, size, seed)
    if not lines:
        raise click.UsageError(f"'{path}' must hold texts. Received: none")
    return lines


def _search(name: str, lines: list[str], batch_size: int | None):
    """A function that finds texts with an encoder."""
    from keras_mirror.evidence.judge import search_texts
    from keras_mirror.search import Index

    index = Index(open_model(name))
    with encoding_bar(lines, then="Encoded") as on_progress:
        index.add(lines, batch_size, on_progress)
    return functools.partial(search_texts, index)


def _draw(
    names: tuple[str, str],
    queries: list[str],
    searches: list,
    number: int,
    seed: int,
):
    from keras_mirror.evidence.judge import draw_blind_pairs

    with status("Searching"):
        blind = draw_blind_pairs(queries, searches, number, seed)
    if not blind.pairs:
        raise ValueError(
            f"{names[0]} and {names[1]} find the same texts for all "
            f"{blind.num_searched} searches: there is nothing to judge"
        )
    return blind


def _write_page(
    path: str, blind, names: tuple[str, str], overwrite: bool
) -> None:
    from keras_mirror.evidence.judge_page import render_judge_page
    from keras_mirror.html_page import write_page_file

    write_page_file(path, render_judge_page(blind, names), overwrite)


def _count(answers: tuple[str, ...], forms: ResultForms, start: float) -> None:
    from keras_mirror.evidence.judge_answers import count_answers

    judgments = count_answers(answers)
    _print(judgments, forms)
    rows: dict[str, object] = {"people": len(answers)}
    if len(answers) > 1:
        rows["counted"] = "each search once, as most of them chose"
    print_summary(rows, start)


def _print(judgments, forms: ResultForms) -> None:
    if not forms.take_screen:
        echo(judgments.sentence())
    content = {
        "names": judgments.names,
        "first": judgments.first,
        "second": judgments.second,
        "ties": judgments.ties,
        "p_value": judgments.p_value,
        "better": judgments.better,
    }
    forms.write(content=content)
