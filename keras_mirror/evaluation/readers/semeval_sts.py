import functools
import os
import pathlib
import re
from collections.abc import Iterable
from collections.abc import Iterator

from keras_mirror.evaluation.readers.benchmark_files import BenchmarkFiles
from keras_mirror.evaluation.readers.gold_file import gold_file
from keras_mirror.evaluation.readers.gold_file import paired_rows
from keras_mirror.evaluation.readers.scored_table import ScoredPairs
from keras_mirror.evaluation.readers.table import read_rows
from keras_mirror.evaluation.tasks import SimilarityTask

# 2013 lacks the subset SMT, which is not free.
NUM_PUBLISHED = {"12": 3108, "13": 1500, "14": 3750, "15": 3000, "16": 1186}
NUM_WITH_SMT = 2250
NUM_OF_A_TRACK = 250
# The owners' own folders have names such as "test-gold".
TELLING_SUBSETS = {
    "12": {"MSRpar", "MSRvid", "SMTeuroparl", "surprise.OnWN"},
    "13": {"FNWN"},
    "14": {"deft-forum", "deft-news", "tweet-news"},
    "15": {"answers-forums", "answers-students", "belief"},
    "16": {"answer-answer", "plagiarism", "postediting", "question-question"},
}

_INPUT = re.compile(r"(STS(?:20\d\d)?\.)input(\.(.+)\.txt)", re.I)
_TRACK = re.compile(r"track\d+(\w?)\.([a-z]{2}-[a-z]{2})")
_YEAR = re.compile(r"(?:sts|semeval).*?(?<!\d)(?:20)?(1[2-7])(?!\d)", re.I)
_YEAR_ONLY = re.compile(r"20(1[2-7])(?!\d)")
_SPLIT = re.compile(r"(?<![a-z])(train|trial|es)(?![a-z])", re.I)
_ONE_FILE = re.compile(r"20(1[2-6])\.test\.tsv")


def find_semeval_sts(files: list[pathlib.Path]) -> list[BenchmarkFiles]:
    """Finds SemEval 2012 to 2017: one benchmark per year, in 2017 per track.

    Reference:
        - [Cer et al., 2017](https://arxiv.org/abs/1708.00055)

    Example:

    >>> import pathlib
    >>> files = [pathlib.Path("STS14-en-test", "STS.input.images.txt")]
    >>> [found.files == files for found in find_semeval_sts(files)]
    [True]
    """
    found = []
    for name, paths in _benchmarks(files):
        scores = {
            path: gold_file(path, _score_name(path), files) for path in paths
        }
        read = functools.partial(_read_subsets, name, scores)
        gold = [score for score in scores.values() if score]
        found.append(BenchmarkFiles([*paths, *gold], read))
    for path in files:
        if match := _ONE_FILE.fullmatch(path.name):
            read = functools.partial(_read_one_file, path, match[1])
            found.append(BenchmarkFiles([path], read))
    return found


def _benchmarks(
    files: list[pathlib.Path],
) -> Iterator[tuple[str, list[pathlib.Path]]]:
    """Names of benchmarks and their files of pairs, folder by folder."""
    folders: dict[pathlib.Path, list[pathlib.Path]] = {}
    for path in files:
        if _subset_of(path):
            folders.setdefault(path.parent, []).append(path)
    for paths in folders.values():
        subsets = [_subset_of(path) for path in paths]
        by_name: dict[str, list[pathlib.Path]] = {}
        for path in paths:
            name = _benchmark_name(path, subsets)
            by_name.setdefault(name, []).append(path)
        yield from by_name.items()


def _read_subsets(
    name: str, score_paths: dict[pathlib.Path, pathlib.Path | None]
) -> list[SimilarityTask]:
    paths = list(score_paths)
    # ALL repeats the others.
    parts = [path for path in paths if _subset_of(path).upper() != "ALL"]
    pairs = ScoredPairs(paths[0].parent)
    for path in parts or paths:
        score_path = score_paths[path]
        if score_path is None:
            raise ValueError(
                f"{path} must have its scores in a file "
                f"'{_score_name(path)}', beside it or in another folder below "
                "the given one. Received: no such file"
            )
        for row, score_row in paired_rows(path, score_path):
            pairs.add(
                row,
                text_1=0,
                text_2=1,
                score=0,
                score_row=score_row,
                subset=_subset_of(path),
            )
    published = _num_published(name, [_subset_of(path) for path in parts])
    return [pairs.task(name, "sentence similarity", published)]


def _read_one_file(path: pathlib.Path, year: str) -> list[SimilarityTask]:
    pairs = ScoredPairs(path)
    for row in read_rows(path):
        pairs.add(row, text_1=1, text_2=2, score=0)
    name = f"STS{year}"
    return [pairs.task(name, "sentence similarity", NUM_PUBLISHED[year])]


def _subset_of(path: pathlib.Path) -> str:
    """`"images"` of `"STS.input.images.txt"`; empty for other files."""
    match = _INPUT.fullmatch(path.name)
    return match[3] if match else ""


def _score_name(path: pathlib.Path) -> str:
    return _INPUT.sub(r"\1gs\2", path.name)


def _benchmark_name(path: pathlib.Path, subsets: list[str]) -> str:
    """The benchmark that a file is a part of, such as `"STS17 ar-ar"`."""
    year, folder = _year_of(path, subsets), path.absolute().parent.name
    name = f"STS{year}" if year else f"STS {folder}"
    if match := _SPLIT.search(folder):
        name += f" {match[1].lower()}"
    if year == "17":
        match = _TRACK.fullmatch(_subset_of(path))
        name += f" {match[2] if match else _subset_of(path)}"
        # Track 4b has the languages of 4a.
        name += " 4b" if match and match[1] == "b" else ""
    return name


def _year_of(path: pathlib.Path, subsets: Iterable[str]) -> str:
    """Two digits from the name of the file, its folders or its subsets."""
    folders = pathlib.Path(os.path.abspath(path)).parents[:3]
    for part in (path.name, *(folder.name for folder in folders)):
        if match := _YEAR.search(part) or _YEAR_ONLY.match(part):
            return match[1]
    years = [
        year
        for year, telling in TELLING_SUBSETS.items()
        if not telling.isdisjoint(subsets)
    ]
    return years[0] if len(years) == 1 else ""


def _num_published(name: str, subsets: list[str]) -> int | None:
    """The number of scored pairs that the owners state."""
    year = name.removeprefix("STS")
    if year.startswith("17 ") and any(map(_TRACK.fullmatch, subsets)):
        return NUM_OF_A_TRACK
    if year == "13" and "SMT" in subsets:
        return NUM_WITH_SMT
    return NUM_PUBLISHED.get(year)
