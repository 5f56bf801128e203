"""What tells encoders apart on a user's own texts, as options of commands."""

import dataclasses
import functools
from collections.abc import Callable
from collections.abc import Iterable
from typing import Any

import click

from keras_mirror.cli.console import status
from keras_mirror.cli.console import usage_errors
from keras_mirror.cli.files import open_texts
from keras_mirror.cli.files import read_pairs
from keras_mirror.cli.models import open_model
from keras_mirror.cli.options import TEXT_FILE
from keras_mirror.cli.options import check_model_name
from keras_mirror.data import read_rows
from keras_mirror.data import sample_strings
from keras_mirror.data.open_binary import is_pipe
from keras_mirror.data.read_columns import DEFAULT_COLUMN

SAMPLE = 10_000


@dataclasses.dataclass(frozen=True)
class EvidenceOptions:
    """The values of the options of `evidence_options`."""

    columns: tuple[str, str] | None
    check_pairs: str | None
    check_labels: str | None
    check_encoder: str | None


def evidence_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--columns`, `--check-pairs`, `--check-labels`, `--check-encoder`.

    The command gets `evidence`, an `EvidenceOptions`, for `read_evidence`.
    """
    names = [field.name for field in dataclasses.fields(EvidenceOptions)]

    @functools.wraps(command)
    def with_evidence(**arguments: Any) -> Any:
        given = {name: arguments.pop(name) for name in names}
        return command(evidence=EvidenceOptions(**given), **arguments)

    for option in (
        click.option(
            "--check-encoder",
            metavar="MODEL",
            callback=check_model_name,
            help="Encoder that you trust, to see which models agree with it.",
        ),
        click.option(
            "--check-labels",
            metavar="COLUMN",
            help="Column of labels; cells may be empty. Fifty are enough.",
        ),
        click.option(
            "--check-pairs",
            type=TEXT_FILE,
            metavar="FILE",
            help="Lines of text TAB text: the first should find the second.",
        ),
        click.option(
            "--columns",
            metavar="A,B",
            callback=_two_columns,
            help="Two columns that belong together, e.g. title,body.",
        ),
    ):
        with_evidence = option(with_evidence)
    return with_evidence


def read_evidence(
    path: str,
    given: EvidenceOptions,
    column: str | None = None,
    errors: str = "strict",
    sample: int = SAMPLE,
    seed: int = 0,
    encoding: str = "utf-8",
) -> dict[str, Any]:
    """Reads what the options name, before Keras is started.

    Args:
        path: String, the file of texts.
        given: An `EvidenceOptions`.
        column: String, the column of texts. Defaults to `None`: with
            `--columns` the second of them, else `"text"`, or no column.
        errors: See `keras_mirror.data.read_lines`. Defaults to `"strict"`.
        sample: Integer, the number of texts to draw where there are more.
            Labeled ones are drawn for themselves. Defaults to `10_000`.
        seed: Integer. Defaults to `0`.
        encoding: See `keras_mirror.data.read_lines`. Defaults to `"utf-8"`.

    Returns:
        A dict, the arguments `texts`, `columns`, `pairs` and `labels` of
        `keras_mirror.evidence.gather_evidence`.

    Raises:
        click.UsageError: A file or a column is missing, or there is no text.
    """
    if given.columns and not column:
        column = given.columns[1]
    with status(f"Reading {path}"), usage_errors():
        if is_pipe(path) and (given.columns or given.check_labels):
            raise ValueError(
                "--columns and --check-labels need a file that can be read "
                f"again. Received: '{path}'. Save it as a file first"
            )
        read = open_texts(path, column=column, errors=errors, encoding=encoding)
        texts = sample_strings(read, sample, seed).strings
        if not texts:
            raise ValueError(f"'{path}' has no text")
        columns = pairs = labels = None
        if given.columns:
            rows = read_rows(path, list(given.columns), errors, encoding)
            columns = _sampled_pairs(rows, sample, seed)
        if given.check_pairs:
            pairs = list(read_pairs(given.check_pairs, errors, encoding))
        if given.check_labels:
            names = [column or DEFAULT_COLUMN, given.check_labels]
            rows = read_rows(path, names, errors, encoding)
            labeled = _sampled_pairs(rows, sample, seed)
            named = {text for text, _ in labeled}
            others = [text for text in texts if text not in named]
            labels = [label for _, label in labeled] + [""] * len(others)
            texts = [text for text, _ in labeled] + others
    return {
        "texts": texts,
        "columns": columns,
        "pairs": pairs,
        "labels": labels,
    }


def gather(
    read: dict[str, Any],
    given: EvidenceOptions,
    seed: int = 0,
    batch_size: int | None = None,
) -> list:
    """The tasks of what was read, with the second encoder's. Needs Keras.

    Args:
        read: What `read_evidence` returned.
        given: An `EvidenceOptions`.
        seed: Integer. Defaults to `0`.
        batch_size: Integer, for the second encoder. Defaults to `None`.

    Returns:
        A list of `Task`.

    Raises:
        click.UsageError: There are too few pairs or labels to tell anything.
    """
    from keras_mirror.evidence import gather_evidence

    encoder = open_model(given.check_encoder) if given.check_encoder else None
    with status("Gathering evidence"), usage_errors():
        return gather_evidence(
            **read, second_encoder=encoder, seed=seed, batch_size=batch_size
        )


def _sampled_pairs(
    rows: Iterable[tuple], size: int, seed: int
) -> list[tuple[str, str]]:
    """Rows of two strings; those with an empty one are left out."""
    corpus = sample_strings(rows, size, seed)
    others = corpus.partners or corpus.strings
    return list(zip(corpus.strings, others, strict=True))


def _two_columns(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[str, str] | None:
    if value is None:
        return None
    names = tuple(name.strip() for name in value.split(","))
    if len(set(names)) != 2 or len(names) != 2 or not all(names):
        raise click.BadParameter(
            f"must be two names with a comma between. Received: {value}"
        )
    return names
