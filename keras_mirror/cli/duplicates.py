import os
import time
from collections.abc import Iterator
from typing import NamedTuple

import click

from keras_mirror.cli.command import Command
from keras_mirror.cli.console import echo_warnings
from keras_mirror.cli.console import print_next
from keras_mirror.cli.console import print_summary
from keras_mirror.cli.console import write_lines
from keras_mirror.cli.console import write_table
from keras_mirror.cli.corpus import corpus_arguments
from keras_mirror.cli.corpus import named_corpus
from keras_mirror.cli.corpus import open_corpus
from keras_mirror.cli.facts import Fact
from keras_mirror.cli.files import check_output
from keras_mirror.cli.options import overwrite_option
from keras_mirror.cli.printable import one_line
from keras_mirror.cli.result_forms import ResultForms
from keras_mirror.cli.result_forms import result_options
from keras_mirror.cli.sheet import Sheet
from keras_mirror.data.read_columns import has_columns
from keras_mirror.search.encoded_texts import EncodedTexts

MARK = "*"
MAX_PAIRS = 100_000
PAIR_COLUMNS = ("cosine", "id_1", "id_2", "text_1", "text_2")
GROUP_COLUMNS = ("group", "mark", "cosine", "id", "text")


@click.command(cls=Command)
@corpus_arguments
@click.option(
    "--threshold",
    type=click.FloatRange(-1, 1),
    help="The smallest cosine of a pair. Default: proposed from the corpus.",
)
@click.option(
    "--groups",
    "is_grouped",
    is_flag=True,
    help="Write one row per text of a group instead of one per pair.",
)
@click.option(
    "--keep",
    type=click.Path(),
    help="File to write without duplicates: one text per line, or a TSV file "
    "of ids and texts with an INDEX.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    help="The maximum number of pairs; the best ones are kept. Does not apply "
    f"to groups and --keep. Default: {MAX_PAIRS:,}.",
)
@click.option(
    "--output",
    type=click.Path(),
    help="File of the rows. Default: the screen, or nothing with --keep alone.",
)
@result_options("json", "csv")
@overwrite_option
def duplicates(
    encoder: str,
    texts: str | None,
    threshold: float | None,
    is_grouped: bool,
    keep: str | None,
    limit: int | None,
    output: str | None,
    forms: ResultForms,
    overwrite: bool,
    **options,
) -> None:
    """Finds lines of TEXTS, or of an INDEX, that mean nearly the same.

    Writes one row per pair, best first: cosine, the two line numbers or ids,
    the two lines (TAB-separated). Empty lines have no pairs.

    With --groups, writes one row per text: group (1 = largest), * for the
    text that represents its group, cosine to that text, line number or id,
    text. Pairs connect a group, so that the ends of a long chain may differ.

    --keep writes the corpus without duplicates, in its order: one text of
    each group, and all texts in no group. Empty lines are left out.
    """
    start = time.monotonic()
    if is_grouped and limit:
        raise click.UsageError("--limit is for pairs, not for --groups")
    _check_outputs(output, keep, texts, overwrite)
    is_shown = (is_grouped or not keep) and not forms.paths
    is_written = bool(output or is_shown)
    is_paired = not is_grouped and bool(is_written or forms.paths)
    with (
        echo_warnings(),
        open_corpus(encoder, texts, "Comparing", **options) as encoded,
    ):
        most = (limit or MAX_PAIRS) if is_paired else None
        found = _find(encoded, threshold, most, is_grouped or bool(keep))
    table = _group_rows if is_grouped else _pair_rows
    if is_written:
        write_table(table(found, encoded), output, overwrite)
    rows = _told(found, encoded) | ({"written": output} if output else {})
    if keep:
        kept = _kept(found, encoded, has_ids=texts is None)
        write_lines(kept, keep, overwrite)
        rows["kept"] = keep
    told = print_summary(rows, start)
    columns = GROUP_COLUMNS if is_grouped else PAIR_COLUMNS
    sheet = Sheet(columns, list(table(found, encoded)) if forms.paths else [])
    forms.write(sheet, {**told, "rows": sheet.as_records()})
    if keep and texts is not None:
        print_next("index", encoder, keep, "--output", "texts.index")
    else:
        named = named_corpus(encoder, texts, **options)
        print_next("cluster", *named)


class _Found(NamedTuple):
    threshold: float
    is_proposed: bool
    pairs: list | None
    groups: list | None


def _check_outputs(
    output: str | None, keep: str | None, texts: str | None, overwrite: bool
) -> None:
    if output:
        check_output(output, overwrite)
    if not keep:
        return
    if output and os.path.realpath(output) == os.path.realpath(keep):
        raise click.UsageError(
            f"--output and --keep must be two files. Received: '{keep}' twice"
        )
    if texts is not None and has_columns(keep):
        raise click.UsageError(
            "--keep writes one text per line, into a file such as kept.txt. "
            f"Received: {keep}"
        )
    suffix = ".tsv" if texts is None else None
    check_output(keep, overwrite, suffix, "--keep")


def _find(
    encoded: EncodedTexts,
    threshold: float | None,
    limit: int | None,
    is_grouped: bool,
) -> _Found:
    """Finds pairs unless `limit` is `None`, and groups if asked for."""
    from keras_mirror.search.find_duplicates import checked_threshold
    from keras_mirror.search.find_duplicates import find_encoded_duplicates
    from keras_mirror.search.group_duplicates import group_encoded_duplicates

    used = checked_threshold(threshold, encoded)
    pairs = find_encoded_duplicates(encoded, used, limit) if limit else None
    groups = group_encoded_duplicates(encoded, used) if is_grouped else None
    return _Found(used, threshold is None, pairs, groups)


def _told(found: _Found, encoded: EncodedTexts) -> dict[str, object]:
    rows: dict[str, object] = {
        "lines": len(encoded.texts),
        "threshold": Fact(
            float(found.threshold),
            f"{found.threshold:g}"
            + (", proposed" if found.is_proposed else ""),
        ),
        "proposed": Fact(found.is_proposed),
    }
    if found.pairs is not None:
        rows["pairs"] = len(found.pairs)
    if found.groups is not None:
        rows["groups"] = len(found.groups)
        cosines = [each.similarities[1:] for each in found.groups]
        number = sum(map(len, cosines))
        far = sum(int((each < found.threshold).sum()) for each in cosines)
        words = (
            f"; {far} of them are joined through other texts only, and are "
            "less similar than the threshold to the text that is kept"
        )
        rows["duplicates"] = Fact(number, f"{number}{words if far else ''}")
        rows["far duplicates"] = Fact(far)
    return rows


def _pair_rows(found: _Found, encoded: EncodedTexts) -> Iterator[tuple]:
    for cosine, *rows in found.pairs or []:
        ids = (encoded.ids[row] for row in rows)
        yield (
            round(float(cosine), 6),
            *ids,
            *(encoded.texts[row] for row in rows),
        )


def _group_rows(found: _Found, encoded: EncodedTexts) -> Iterator[tuple]:
    for number, group in enumerate(found.groups or [], start=1):
        for place, (row, cosine) in enumerate(zip(*group, strict=True)):
            mark = "" if place else MARK
            told = number, mark, round(float(cosine), 6)
            yield *told, encoded.ids[row], encoded.texts[row]


def _kept(found: _Found, encoded: EncodedTexts, has_ids: bool) -> Iterator[str]:
    """The lines of a corpus without duplicates, TABs in texts as they are."""
    from keras_mirror.search.group_duplicates import kept_rows

    kept = kept_rows(encoded, found.groups or [])
    if not has_ids:
        return (" ".join(encoded.texts[row].split("\n")) for row in kept)
    rows = [("id", "text"), *((encoded.ids[r], encoded.texts[r]) for r in kept)]
    return ("\t".join(map(one_line, row)) for row in rows)
