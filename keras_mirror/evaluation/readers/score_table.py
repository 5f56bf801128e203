from keras_mirror.evaluation.readers.found import each_file
from keras_mirror.evaluation.readers.layout import WANTED
from keras_mirror.evaluation.readers.layout import find_layout
from keras_mirror.evaluation.readers.row import is_number
from keras_mirror.evaluation.readers.scored_pairs import ScoredPairs
from keras_mirror.evaluation.readers.table import read_rows

NO_TABLES = (".jsonl", ".concept")


def read_score_table(path):
    """Any TAB or CSV file with two texts and a score a row.

    Args:
        path: Path of a file.

    Returns:
        A list of one `SimilarityTask`, named as the file.

    Raises:
        NotABenchmark: The file is none.
        ValueError: It is one, but not clear, or a row is wrong.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "mine.csv")
    >>> _ = path.write_text('2.5,"a man, a dog",a cat\\n4,a man,a person\\n')
    >>> task, = read_score_table(path)
    >>> task.name, task.texts_1, task.scores
    ('mine', ['a man, a dog', 'a man'], [2.5, 4.0])
    """
    layout = find_layout(path)
    return [read_layout(path, layout).task(path.stem, layout.kind)]


def read_layout(path, layout):
    """The pairs of a table.

    Args:
        path: Path of a file.
        layout: A `Layout`.

    Returns:
        `ScoredPairs`.

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
        next(rows)
    for row in rows:
        if row.line == 1 and not is_number(row.text(layout.score) or "0"):
            raise ValueError(
                f"{path}, line 1 must have a number in column "
                f"{layout.score + 1}; the file must have {WANTED}. "
                f"Received: {row.cells}"
            )
        pairs.add(row, layout.text_1, layout.text_2, layout.score)
    return pairs


find_score_table = each_file(
    lambda path: path.suffix not in NO_TABLES, read_score_table
)
