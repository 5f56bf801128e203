"""The corpus of a training: collected, checked and reported first."""

import sys
from collections.abc import Iterable

import click

from keras_mirror.cli.console import print_rows
from keras_mirror.cli.console import status
from keras_mirror.data import Corpus
from keras_mirror.data import collect_strings
from keras_mirror.data import corpus_report
from keras_mirror.data import sample_strings


def collect(
    texts: Iterable[str | tuple[str, str]],
    limit: int | None,
    sample: int | None,
    seed: int | None,
    drop_duplicates: bool,
) -> Corpus:
    """The usable strings, see `collect_strings` and `sample_strings`."""
    if limit and sample:
        raise click.UsageError("give one of --limit and --sample")
    with status("Reading"):
        if sample:
            return sample_strings(texts, sample, seed, drop_duplicates)
        return collect_strings(texts, drop_duplicates, limit)


def check_number(corpus: Corpus, paths: Iterable[str]) -> None:
    """Raises `ValueError` unless there are two strings or more."""
    if len(corpus.strings) < 2:
        raise ValueError(
            "a corpus needs at least two different strings. Received: "
            f"{corpus.num_read} lines with {len(corpus.strings)} usable "
            f"string(s) in {', '.join(paths)}"
        )


def tell_corpus(corpus: Corpus, preprocessor, force: bool = True) -> None:
    """Tells what a model will find in a corpus.

    Args:
        corpus: A `Corpus`.
        preprocessor: The `MirrorPreprocessor` of the model.
        force: Boolean, whether to go on where the vocabulary is of another
            language. Defaults to `True`.

    Raises:
        click.UsageError: Most tokens are unknown to the model.
    """
    with status("Looking at the corpus"):
        report = corpus_report(corpus, preprocessor)
    if report.shares.are_foreign and not force:
        raise click.UsageError(
            f"{report.shares.problem}. {report.shares.way_out}, or train "
            "nevertheless with --force"
        )
    print_rows([("corpus", report)], sys.stderr)
