import functools
import pathlib
import re

from keras_mirror.evaluation.readers.benchmark_files import BenchmarkFiles
from keras_mirror.evaluation.readers.benchmark_files import NotABenchmark
from keras_mirror.evaluation.readers.gold_file import gold_file
from keras_mirror.evaluation.readers.gold_file import paired_rows
from keras_mirror.evaluation.readers.scored_table import ScoredPairs
from keras_mirror.evaluation.readers.table import sample_rows
from keras_mirror.evaluation.tasks import SimilarityTask

_DATA = re.compile(r"([a-z]{2}(?:-[a-z]{2})?)\.(test|trial)\.data\.txt")


def find_semeval_words(files: list[pathlib.Path]) -> list[BenchmarkFiles]:
    """Finds SemEval 2017 task 2: word similarity in or across languages.

    Reference:
        - [Camacho-Collados et al., 2017](https://aclanthology.org/S17-2002/)

    Example:

    >>> import pathlib
    >>> files = ["data/en-de.test.data.txt", "keys/en-de.test.gold.txt"]
    >>> files = [pathlib.Path(file) for file in files]
    >>> find_semeval_words(files)[0].files == files
    True
    """
    found = []
    for path in files:
        if match := _DATA.fullmatch(path.name):
            name = path.name.replace(".data.", ".gold.")
            scores = gold_file(path, name, files)
            read = functools.partial(_read, path, scores, match)
            both = [path, scores] if scores else [path]
            found.append(BenchmarkFiles(both, read))
    return found


def _read(
    path: pathlib.Path, score_path: pathlib.Path | None, match: re.Match[str]
) -> list[SimilarityTask]:
    if any(len(row.cells) != 2 for row in sample_rows(path)):
        raise NotABenchmark(f"{path} must have two words per line")
    if score_path is None:
        raise ValueError(
            f"{path} must have its scores in a file "
            f"'{path.name.replace('.data.', '.gold.')}', beside it or in "
            "another folder below the given one. Received: no such file"
        )
    languages, split = match.groups()
    pairs = ScoredPairs(path)
    for row, score_row in paired_rows(path, score_path):
        pairs.add(row, text_1=0, text_2=1, score=0, score_row=score_row)
    name = f"SemEval-2017 {languages}" + (" trial" if split == "trial" else "")
    num_published = 500 if (split, len(languages)) == ("test", 2) else None
    return [pairs.task(name, "word similarity", num_published)]
