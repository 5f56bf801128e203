import pathlib
import re

from keras_mirror.evaluation.readers.benchmark_files import each_file
from keras_mirror.evaluation.readers.scored_table import ScoredPairs
from keras_mirror.evaluation.readers.table import TableRow
from keras_mirror.evaluation.readers.table import column_names
from keras_mirror.evaluation.readers.table import read_rows
from keras_mirror.evaluation.readers.table import sample_names
from keras_mirror.evaluation.tasks import SimilarityTask

COLUMNS = ("sentencea", "sentenceb", "relatednessscore")
NUM_PUBLISHED = {"train": 4500, "trial": 500, "test": 4927}


def read_sick(path: pathlib.Path) -> list[SimilarityTask]:
    """Reads SICK relatedness: one part, or the whole with all three.

    Reference:
        - [Marelli et al., 2014](https://aclanthology.org/S14-2001/)

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "SICK_trial.txt")
    >>> header = "sentence_A\\tsentence_B\\trelatedness_score"
    >>> _ = path.write_text(f"{header}\\nA man\\tA dog\\t2.5\\n")
    >>> [(task.name, task.scores) for task in read_sick(path)]
    [('SICK trial', [2.5])]
    """
    rows = read_rows(path)
    names = column_names(next(rows))
    text_1, text_2, score = (names[name] for name in COLUMNS)
    part_of_file = _part_of(path)
    parts: dict[str, ScoredPairs] = {}
    for row in rows:
        part = part_of_file
        if "semevalset" in names:
            part = _part_of_row(row, names["semevalset"])
        pairs = parts.setdefault(part, ScoredPairs(path))
        pairs.add(row, text_1, text_2, score=score)
    parts = parts or {part_of_file: ScoredPairs(path)}
    return [
        pairs.task(
            f"SICK {part}".strip(),
            "sentence similarity",
            NUM_PUBLISHED.get(part),
        )
        for part, pairs in parts.items()
    ]


def _part_of(path: pathlib.Path) -> str:
    match = re.search("train|trial|test", path.stem, re.I)
    return match[0].lower() if match else ""


def _part_of_row(row: TableRow, column: int) -> str:
    part = row.text(column).lower()
    if part not in NUM_PUBLISHED:
        raise ValueError(
            f"{row.path}, line {row.line}: `SemEval_set` must be one of TRAIN, "
            f"TRIAL, TEST. Received: {row.text(column)!r}"
        )
    return part


find_sick = each_file(
    lambda path: set(COLUMNS) <= sample_names(path).keys(), read_sick
)
