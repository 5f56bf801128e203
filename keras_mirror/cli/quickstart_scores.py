"""What the quickstart measures without labels, and how it shows it."""

import dataclasses
from types import SimpleNamespace
from typing import Any

import click
from rich.table import Table

from keras_mirror.cli.console import print_table
from keras_mirror.cli.console import print_texts

NUM_SHOWN = 8
NUM_ANSWERS = 3
UNTRAINED = "our pooling, untrained"


@dataclasses.dataclass(frozen=True)
class Findings:
    """What a model finds among the summaries of Python functions.

    Args:
        searches: The `RetrievalTask` of `python_api.searches`, or `None`.
        cosines: Array of all its queries with all its documents.
        ranks: List of integers, for every query the place of its first right
            answer.
        namesakes: Dict of scores, see `score_retrieval`.
        num_namesakes: Integer, the number of their queries.
    """

    searches: Any
    cosines: Any
    ranks: list[int]
    namesakes: dict[str, float]
    num_namesakes: int

    def num_answered(self, first: int | None = None) -> int:
        """Of the first searches, those answered in `NUM_ANSWERS` lines."""
        return sum(rank <= NUM_ANSWERS for rank in self.ranks[:first])


def look(model, api: dict[str, str]) -> Findings:
    """Searches for functions, and for namesakes in other libraries."""
    from keras_mirror.evaluation import python_api
    from keras_mirror.evaluation import score_retrieval
    from keras_mirror.evaluation.task import TextEmbeddings

    cosines, ranks = None, []
    searches = python_api.searches(api)
    queries = [] if searches is None else searches.queries
    # Namesakes are among the documents: each text is encoded once for both.
    embed = TextEmbeddings(model, [*queries, *api.values()])
    if searches is not None:
        ranks = [int(each.min()) for each, _ in searches.ranks(embed)]
        cosines = model.similarity(embed(queries), embed(searches.documents))
    tasks = python_api.namesakes(api)
    scores = score_retrieval(SimpleNamespace(encode_text=embed), tasks)
    number = sum(len(task.queries) for task in tasks)
    return Findings(searches, cosines, ranks, scores, number)


def first_names(api: dict[str, str]) -> dict[str, str]:
    """From the different texts to the first function that has each."""
    return {text: name for name, text in reversed(api.items())}


def print_searches(found: Findings, api: dict[str, str]) -> None:
    """The first searches and what they find; a star is a right answer."""
    searches, names = found.searches, first_names(api)
    if searches is None:
        return
    shown = searches.queries[:NUM_SHOWN]
    for query, right, cosines in zip(
        shown, searches.relevance, found.cosines, strict=False
    ):
        rows = (-cosines).argsort()[:NUM_ANSWERS]
        texts = [searches.documents[row] for row in rows]
        marks = ["*" if row in right else " " for row in rows]
        marked = [
            f"{mark} {names[text]}"
            for mark, text in zip(marks, texts, strict=True)
        ]
        print_texts(query, zip(cosines[rows], marked, texts, strict=True))
    click.echo(
        "\n* is a right answer, from a list made before anybody looked. Of "
        f"these {len(shown)}\nsearches {found.num_answered(NUM_SHOWN)} have "
        f"one among their first {NUM_ANSWERS} lines, of all "
        f"{len(found.ranks)} in the list {found.num_answered()}.\n"
    )


def print_comparison(stages: dict[str, Findings]) -> None:
    """A table of all, and in words what each stage changed.

    Args:
        stages: Dict from the headings of columns to `Findings`: without
            training, of a language model also with our pooling alone, and
            mirrored, the last one.
    """
    table = Table("found (%)", *stages, pad_edge=False)
    first, *_ = found = list(stages.values())
    for title, number in (("shown", NUM_SHOWN), ("all", len(first.ranks))):
        number = min(number, len(first.ranks))
        if number:
            name = f"{title} {number} searches, in the first {NUM_ANSWERS}"
            shares = [100 * x.num_answered(number) / number for x in found]
            table.add_row(name, *(f"{share:.1f}" for share in shares))
    for score in first.namesakes:
        name = f"{first.num_namesakes} namesakes, {score}"
        values = [100 * x.namesakes[score] for x in found]
        table.add_row(name, *(f"{value:.1f}" for value in values))
    print_table(table)
    words = (
        "A namesake is a function of the same name in another library, found "
        f"by the words of its docstring (accuracy@1). {_changes(found)}"
    )
    click.echo(click.wrap_text(words, 80))


def _changes(found: list[Findings]) -> str:
    """What pooling and token weights changed, and what training did."""
    whats = ("Our pooling and token weights", "Mirroring on the docstrings")
    sentences = []
    for what, before, after in zip(
        whats[-len(found) + 1 :], found, found[1:], strict=False
    ):
        key = "accuracy@1"
        gain = 100 * (after.namesakes[key] - before.namesakes[key])
        more = after.num_answered() - before.num_answered()
        sentences.append(
            f"{what} changed that by {gain:+.1f} points, and the searches in "
            f"other words by {more:+d} of {len(before.ranks)}."
        )
    return " ".join(sentences)
