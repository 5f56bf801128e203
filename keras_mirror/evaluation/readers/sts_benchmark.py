import pathlib
import re

from keras_mirror.evaluation.readers.benchmark_files import NotABenchmark
from keras_mirror.evaluation.readers.benchmark_files import each_file
from keras_mirror.evaluation.readers.scored_table import ScoredPairs
from keras_mirror.evaluation.readers.table import column_names
from keras_mirror.evaluation.readers.table import read_rows
from keras_mirror.evaluation.readers.table import sample_names
from keras_mirror.evaluation.readers.table import sample_rows
from keras_mirror.evaluation.tasks import SimilarityTask

NUM_PUBLISHED = {"train": 5749, "dev": 1500, "test": 1379}

_NAME = re.compile(r"sts-?b?(?:enchmark)?[-_.](train|dev|test)\.\w+", re.I)
_SPLIT = re.compile(r"train|dev|test", re.I)


def read_sts_benchmark(path: pathlib.Path) -> list[SimilarityTask]:
    """Reads STS Benchmark as its owners or GLUE distribute it.

    Reference:
        - [Cer et al., 2017](https://arxiv.org/abs/1708.00055)
        - [Wang et al., 2018](https://arxiv.org/abs/1804.07461), "GLUE"

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "sts-dev.csv")
    >>> row = "main-captions MSRvid 2012test 0000 5.000 One. Two.".split()
    >>> _ = path.write_text("\\t".join(row))
    >>> task, = read_sts_benchmark(path)
    >>> task.name, task.texts_1, task.texts_2, task.scores
    ('STS-B dev', ['One.'], ['Two.'], [5.0])
    """
    rows = read_rows(path)
    text_1, text_2, score = 5, 6, 4
    if _is_of_glue(path):
        names = column_names(next(rows))
        if "score" not in names:
            raise NotABenchmark(f"{path} has no column `score`")
        text_1, text_2 = names["sentence1"], names["sentence2"]
        score = names["score"]
    pairs = ScoredPairs(path)
    for row in rows:
        pairs.add(row, text_1, text_2, score=score)
    split = _SPLIT.findall(path.stem)[-1].lower()
    name = f"STS-B {split}"
    return [pairs.task(name, "sentence similarity", NUM_PUBLISHED[split])]


def _is_of_owners(path: pathlib.Path) -> bool:
    if not _NAME.fullmatch(path.name):
        return False
    rows = sample_rows(path)
    return 2 * sum(len(row.cells) >= 7 for row in rows) > len(rows)


def _is_of_glue(path: pathlib.Path) -> bool:
    names = sample_names(path)
    is_split = _SPLIT.fullmatch(path.stem) is not None
    return is_split and {"genre", "sentence1", "sentence2"} <= names.keys()


find_sts_benchmark = each_file(
    lambda path: _is_of_owners(path) or _is_of_glue(path), read_sts_benchmark
)
