import collections
import dataclasses
import pathlib

from keras_mirror.evaluation.readers.benchmark_files import NotABenchmark
from keras_mirror.evaluation.readers.table import TableRow
from keras_mirror.evaluation.readers.table import check_single
from keras_mirror.evaluation.readers.table import column_names
from keras_mirror.evaluation.readers.table import is_number
from keras_mirror.evaluation.readers.table import sample_rows

WANTED = (
    "a header line with `sentence1`, `sentence2` and `score` (or `text1` and "
    "`text2`, or `word1` and `word2`), or exactly three columns, two texts "
    "and a number"
)
TEXT_NAMES = [
    (f"{prefix}{one}", f"{prefix}{two}")
    for prefix in ("sentence", "sent", "s", "text", "word", "w", "term")
    for one, two in ("12", "ab")
]
SCORE_NAMES = """
    score scores similarity similarityscore sim relatedness relatednessscore
    gold goldscore mean meanscore average averagescore avgscore rating
    meanrating averagerating humanmean humanscore humanrating simlex999
""".split()


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where a table has its texts and scores.

    Args:
        separator: String or `None`, see `read_rows`.
        text_1: Integer, the column of a text.
        text_2: Integer, the column of the other one.
        score: Integer, the column of the score.
        names: Dict, the `column_names` of the header; empty without header.
        kind: String, the kind of the benchmark; `None` if no name shows it.

    Example:

    >>> Layout(separator=",", text_1=0, text_2=1, score=2).names
    {}
    """

    separator: str | None
    text_1: int
    text_2: int
    score: int
    names: dict[str, int] = dataclasses.field(default_factory=dict)
    kind: str | None = None


def find_layout(path: pathlib.Path, score_column: int | None = None) -> Layout:
    """Finds out where a table has its texts and scores.

    Args:
        path: Path of a file that may be anything.
        score_column: Integer, the column of the score if there is no header and
            the columns leave it open. Defaults to `None`.

    Returns:
        A `Layout`.

    Raises:
        NotABenchmark: The file has no two texts and a score.
        ValueError: It has them, but more than one number could be the score.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "mine.csv")
    >>> _ = path.write_text("score,text1,text2\\n2.5,a man,a woman\\n")
    >>> layout = find_layout(path)
    >>> layout.separator, layout.text_1, layout.text_2, layout.score
    (',', 1, 2, 0)
    """
    for separator in _separators(path):
        rows = sample_rows(path, separator)
        if not rows:
            continue
        layout = (
            _by_header(rows, separator)
            or _by_position(rows, separator)
            or _by_custom(rows, separator, score_column)
        )
        if layout:
            return layout
        _check_is_clear(rows, separator)
    raise NotABenchmark(f"{path} must have {WANTED}")


def _separators(path: pathlib.Path) -> list[str | None]:
    rows = sample_rows(path)
    if 2 * sum(len(row.cells) > 1 for row in rows) > len(rows):
        return ["\t"]
    return [",", ";", None] if rows else []


def _by_header(rows: list[TableRow], separator: str | None) -> Layout | None:
    names = column_names(rows[0])
    texts = [pair for pair in TEXT_NAMES if set(pair) <= names.keys()]
    if not texts:
        return None
    scores = [name for name in SCORE_NAMES if name in names]
    if not scores:
        raise NotABenchmark(f"{rows[0].path} has no column `score`")
    if len(texts) + len(scores) > 2:
        raise ValueError(
            f"{rows[0].path}, line {rows[0].line} must name two texts and one "
            f"score. Received: {[*texts, *scores]}"
        )
    text_1, text_2 = texts[0]
    for name in (text_1, text_2, scores[0]):
        check_single(rows[0], name)
    return Layout(
        separator=separator,
        text_1=names[text_1],
        text_2=names[text_2],
        score=names[scores[0]],
        names=names,
        kind=_kind_by_name(text_1),
    )


def _kind_by_name(name: str) -> str | None:
    if name[0] == "w":
        return "word similarity"
    return "sentence similarity" if name[0] == "s" else None


def _by_position(rows: list[TableRow], separator: str | None) -> Layout | None:
    texts, numbers = _column_kinds(rows, separator)
    is_clear = len(texts) == 2 and len(numbers) == 1
    if is_clear and not texts[0] < numbers[0] < texts[1]:
        text_1, text_2 = texts
        return Layout(separator, text_1, text_2, score=numbers[0])
    return None


def _by_custom(
    rows: list[TableRow], separator: str | None, score_column: int | None
) -> Layout | None:
    texts, numbers = _column_kinds(rows, separator)
    if (
        texts[:2] == [0, 1]
        and score_column is not None
        and score_column in numbers
    ):
        return Layout(separator, text_1=0, text_2=1, score=score_column)
    return None


def _check_is_clear(rows: list[TableRow], separator: str | None) -> None:
    texts, numbers = _column_kinds(rows, separator)
    has_header = not any(is_number(cell.strip()) for cell in rows[0].cells)
    if separator and len(texts) == 2 and len(numbers) > 1 and not has_header:
        raise ValueError(
            f"{rows[0].path} has two texts and more than one number. It must "
            f"have {WANTED}. Received: {rows[0].cells}"
        )


def _column_kinds(
    rows: list[TableRow], separator: str | None
) -> tuple[list[int], list[int]]:
    """The columns of texts and those of numbers; none if this is no table."""
    widths = collections.Counter(len(row.cells) for row in rows)
    width, count = widths.most_common(1)[0]
    # "Copyright (c) 2024" is no pair of words with a score.
    share = 0.5 if separator else 0.8
    if count < share * len(rows) or (separator != "\t" and count < 2):
        return [], []
    rows = [row for row in rows if len(row.cells) == width]
    texts: list[int] = []
    numbers: list[int] = []
    for place in range(width):
        cells = [row.text(place) for row in rows if row.text(place)]
        # Only half of them: there may be a header and a mistake in a row.
        is_numeric = 2 * sum(map(is_number, cells)) >= len(cells)
        if cells:
            (numbers if is_numeric else texts).append(place)
    return texts, numbers
