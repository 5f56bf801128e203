import os
import pathlib
from collections.abc import Iterator

from keras_mirror.data.check_is_text import NotText
from keras_mirror.evaluation.readers.benchmark_files import NotABenchmark
from keras_mirror.evaluation.readers.benchmark_files import each_file
from keras_mirror.evaluation.readers.benchmark_files import read_lines
from keras_mirror.evaluation.readers.layout import WANTED
from keras_mirror.evaluation.readers.layout import Layout
from keras_mirror.evaluation.readers.layout import find_layout
from keras_mirror.evaluation.readers.table import TableRow
from keras_mirror.evaluation.readers.table import is_number
from keras_mirror.evaluation.readers.table import read_rows
from keras_mirror.evaluation.task import Dropped
from keras_mirror.evaluation.tasks import SimilarityTask

NO_TABLES = (".jsonl", ".concept")


class ScoredPairs:
    """Collects the pairs of a similarity benchmark and the rows left out.

    Args:
        path: Path of the file or folder, for messages.

    Example:

    >>> pairs = ScoredPairs("mine.tsv")
    >>> columns = dict(text_1=0, text_2=1, score=2)
    >>> cells = ["a man", "a woman", "2.5"]
    >>> pairs.add(TableRow("mine.tsv", 1, cells), **columns)
    >>> pairs.add(TableRow("mine.tsv", 2, ["a man", "", "2.5"]), **columns)
    >>> task = pairs.task("mine")
    >>> task.scores, task.dropped[0].reason
    ([2.5], 'empty text')
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path
        self.texts_1: list[str] = []
        self.texts_2: list[str] = []
        self.scores: list[float] = []
        self.subsets: list[str] = []
        self.dropped: list[Dropped] = []

    def add(
        self,
        row: TableRow,
        text_1: int,
        text_2: int,
        score: int,
        score_row: TableRow | None = None,
        subset: str | None = None,
    ) -> None:
        """Adds the pair of a row, or notes why it does not count.

        Args:
            row: A `TableRow`.
            text_1: Integer, the column of a text.
            text_2: Integer, the column of the other one.
            score: Integer, the column of the score.
            score_row: The `TableRow` of the score. Defaults to `None`: `row`.
            subset: String. Defaults to `None`: the benchmark has no parts.

        Raises:
            ValueError: A column is missing, or the score is no number.
        """
        score_row = score_row or row
        texts = row.text(text_1), row.text(text_2)
        value = score_row.number(score)
        if not all(texts):
            self.dropped.append(row.dropped("empty text"))
        elif value is None:
            self.dropped.append(score_row.dropped("no score"))
        else:
            self.texts_1.append(texts[0])
            self.texts_2.append(texts[1])
            self.scores.append(value)
            if subset is not None:
                self.subsets.append(subset)

    def task(
        self,
        name: str,
        kind: str | None = None,
        num_published: int | None = None,
    ) -> SimilarityTask:
        """The pairs as a benchmark.

        Args:
            name: String.
            kind: String. Defaults to `None`: `"word similarity"` if no text
                has two words, otherwise `"sentence similarity"`.
            num_published: Integer or `None`, see `Task`.

        Returns:
            A `SimilarityTask`.

        Raises:
            ValueError: There is no pair.
        """
        if not self.scores:
            raise ValueError(
                f"{self.path} must have a pair of texts with a score. "
                f"Received: {len(self.dropped)} pairs without"
            )
        return SimilarityTask(
            name=name,
            kind=kind or self._kind(),
            texts_1=self.texts_1,
            texts_2=self.texts_2,
            scores=self.scores,
            subsets=self.subsets or None,
            dropped=tuple(self.dropped),
            num_published=num_published,
        )

    def _kind(self) -> str:
        texts = [*self.texts_1, *self.texts_2]
        is_words = all(len(text.split()) == 1 for text in texts)
        return "word similarity" if is_words else "sentence similarity"


def read_scored_table(path: pathlib.Path) -> list[SimilarityTask]:
    """Reads any TAB or CSV file with two texts and a score per row.

    Raises:
        NotABenchmark: The file is not a benchmark.
        ValueError: It is ambiguous, or a row is wrong.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "mine.csv")
    >>> _ = path.write_text('2.5,"a man, a dog",a cat\\n4,a man,a person\\n')
    >>> task, = read_scored_table(path)
    >>> task.name, task.texts_1, task.scores
    ('mine', ['a man, a dog', 'a man'], [2.5, 4.0])
    """
    try:
        next(read_lines(path, errors="replace"), None)
    except NotText as error:
        raise NotABenchmark(str(error)) from error
    layout = find_layout(path)
    return [read_layout(path, layout).task(path.stem, layout.kind)]


def read_layout(path: pathlib.Path, layout: Layout) -> ScoredPairs:
    """The `ScoredPairs` of a table of a known layout.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "mine.tsv")
    >>> _ = path.write_text("a man\\ta woman\\t2.5\\n")
    >>> read_layout(path, find_layout(path)).scores
    [2.5]
    """
    pairs = ScoredPairs(path)
    rows = read_rows(path, layout.separator)
    if layout.names:
        rows = _as_wide_as(next(rows), rows, layout)
    for row in rows:
        if row.line == 1 and not is_number(row.text(layout.score) or "0"):
            raise ValueError(
                f"{path}, line 1 must have a number in column "
                f"{layout.score + 1}; the file must have {WANTED}. "
                f"Received: {row.cells}"
            )
        pairs.add(row, layout.text_1, layout.text_2, score=layout.score)
    return pairs


def _as_wide_as(
    header: TableRow, rows: Iterator[TableRow], layout: Layout
) -> Iterator[TableRow]:
    """Checks that rows are as wide as the header, as commas may add cells."""
    for row in rows:
        if layout.separator in (",", ";"):
            row.check_width(len(header.cells))
        yield row


find_scored_table = each_file(
    lambda path: path.suffix not in NO_TABLES, read_scored_table
)
