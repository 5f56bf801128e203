import functools
import pathlib
import re

from keras_mirror.evaluation.readers.benchmark_files import BenchmarkFiles
from keras_mirror.evaluation.readers.layout import find_layout
from keras_mirror.evaluation.readers.scored_table import ScoredPairs
from keras_mirror.evaluation.readers.scored_table import read_layout
from keras_mirror.evaluation.readers.table import TableRow
from keras_mirror.evaluation.readers.table import read_rows
from keras_mirror.evaluation.tasks import SimilarityTask

NUM_PUBLISHED = 1888

_ONE_LANGUAGE = re.compile(r"multi-?simlex[-_.](.+)\.[ct]sv", re.I)
_FIRST_WORD = re.compile(r"(.+) 1")


def find_multi_simlex(files: list[pathlib.Path]) -> list[BenchmarkFiles]:
    """Finds Multi-SimLex, one benchmark per language.

    The original is a folder with `translation.csv` and `scores.csv`; other
    copies have one table per language, such as `multisimlex-french.tsv`.

    Reference:
        - [Vulić et al., 2020](https://arxiv.org/abs/2003.04866)

    Example:

    >>> import pathlib
    >>> find_multi_simlex([pathlib.Path("multisimlex-french.tsv")])[0].files
    [...Path('multisimlex-french.tsv')]
    """
    found = []
    for path in files:
        scores = path.with_name("scores.csv")
        if path.name == "translation.csv" and scores in files:
            read = functools.partial(_read_folder, path, scores)
            found.append(BenchmarkFiles([path, scores], read))
        elif match := _ONE_LANGUAGE.fullmatch(path.name):
            read = functools.partial(_read_one_language, path, match[1])
            found.append(BenchmarkFiles([path], read))
    return found


def _read_one_language(
    path: pathlib.Path, language: str
) -> list[SimilarityTask]:
    pairs = read_layout(path, find_layout(path))
    return [pairs.task(f"Multi-SimLex {language}", "word similarity")]


def _read_folder(
    path: pathlib.Path, score_path: pathlib.Path
) -> list[SimilarityTask]:
    words, word_rows = _header_and_rows(path)
    scores, score_rows = _header_and_rows(score_path)
    joined = _joined(words, word_rows, scores, score_rows)
    tasks = []
    for first, cell in enumerate(words.cells):
        if match := _FIRST_WORD.fullmatch(cell.strip()):
            second = _place(words, f"{match[1]} 2")
            score = _place(scores, match[1])
            pairs = ScoredPairs(path)
            for row, score_row in joined:
                pairs.add(row, first, second, score=score, score_row=score_row)
            name = f"Multi-SimLex {match[1].lower()}"
            tasks.append(pairs.task(name, "word similarity", NUM_PUBLISHED))
    if not tasks:
        raise ValueError(
            f"{path}, line {words.line} must have columns such as `ENG 1` and "
            f"`ENG 2`. Received: {words.cells}"
        )
    return tasks


def _header_and_rows(path: pathlib.Path) -> tuple[TableRow, list[TableRow]]:
    rows = list(read_rows(path, ","))
    if len(rows) < 2:
        raise ValueError(
            f"{path} must have a header and rows. Received: {len(rows)} rows"
        )
    return rows[0], rows[1:]


def _joined(
    words: TableRow,
    word_rows: list[TableRow],
    scores: TableRow,
    score_rows: list[TableRow],
) -> list[tuple[TableRow, TableRow]]:
    """Pairs of rows with the same ID, or in the same place without IDs."""
    if len(word_rows) != len(score_rows):
        raise ValueError(
            f"{words.path} and {scores.path} must have the same number of "
            f"rows. Received: {len(word_rows)} and {len(score_rows)} rows"
        )
    if not {"ID"} <= {*words.cells} & {*scores.cells}:
        return list(zip(word_rows, score_rows, strict=True))
    by_id: dict[str, TableRow] = {}
    for row in score_rows:
        key = row.text(scores.cells.index("ID"))
        if by_id.setdefault(key, row) is not row:
            raise _wrong_id(row, key, f"line {by_id[key].line} has it too")
    joined = []
    for row in word_rows:
        key = row.text(words.cells.index("ID"))
        if key not in by_id:
            raise _wrong_id(row, key, "no row with scores is left")
        joined.append((row, by_id.pop(key)))
    return joined


def _wrong_id(row: TableRow, key: str, reason: str) -> ValueError:
    return ValueError(
        f"{row.path}, line {row.line} must have a unique ID that is in both "
        f"files. Received: {key!r}; {reason}"
    )


def _place(header: TableRow, name: str) -> int:
    cells = [cell.strip() for cell in header.cells]
    if name not in cells:
        raise ValueError(
            f"{header.path}, line {header.line} must have a column `{name}`. "
            f"Received: {header.cells}"
        )
    return cells.index(name)
