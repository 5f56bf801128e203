import functools
import re

from keras_mirror.evaluation.readers.found import Found
from keras_mirror.evaluation.readers.partner import paired_rows
from keras_mirror.evaluation.readers.partner import partner_of
from keras_mirror.evaluation.readers.scored_pairs import ScoredPairs
from keras_mirror.evaluation.readers.semeval_names import NUM_PUBLISHED
from keras_mirror.evaluation.readers.semeval_names import benchmark_name
from keras_mirror.evaluation.readers.semeval_names import num_published
from keras_mirror.evaluation.readers.semeval_names import score_name
from keras_mirror.evaluation.readers.semeval_names import subset_of
from keras_mirror.evaluation.readers.table import read_rows

_ONE_FILE = re.compile(r"20(1[2-6])\.test\.tsv")


def find_semeval_sts(files):
    """SemEval 2012 to 2017: one benchmark a year, of 2017 one a track.

    Reference:
        - [Cer et al., 2017](https://arxiv.org/abs/1708.00055)

    Args:
        files: List of paths.

    Returns:
        A list of `Found`.

    Example:

    >>> import pathlib
    >>> files = [pathlib.Path("STS14-en-test", "STS.input.images.txt")]
    >>> [found.files == files for found in find_semeval_sts(files)]
    [True]
    """
    found = []
    for name, paths in _benchmarks(files):
        scores = {
            path: partner_of(path, score_name(path), files) for path in paths
        }
        read = functools.partial(_read_subsets, name, scores)
        partners = [score for score in scores.values() if score]
        found.append(Found([*paths, *partners], read))
    for path in files:
        if match := _ONE_FILE.fullmatch(path.name):
            read = functools.partial(_read_one_file, path, match[1])
            found.append(Found([path], read))
    return found


def _benchmarks(files):
    """Names and their files with pairs, of one folder each."""
    folders = {}
    for path in files:
        if subset_of(path):
            folders.setdefault(path.parent, []).append(path)
    for paths in folders.values():
        subsets = [subset_of(path) for path in paths]
        by_name = {}
        for path in paths:
            name = benchmark_name(path, subsets)
            by_name.setdefault(name, []).append(path)
        yield from by_name.items()


def _read_subsets(name, score_paths):
    paths = list(score_paths)
    # ALL repeats the others.
    parts = [path for path in paths if subset_of(path).upper() != "ALL"]
    pairs = ScoredPairs(paths[0].parent)
    for path in parts or paths:
        if score_paths[path] is None:
            raise ValueError(
                f"{path} must have its scores in a file "
                f"'{score_name(path)}', beside it or in another folder below "
                "the given one. Received: no such file"
            )
        for row, score_row in paired_rows(path, score_paths[path]):
            pairs.add(row, 0, 1, 0, score_row, subset_of(path))
    published = num_published(name, [subset_of(path) for path in parts])
    return [pairs.task(name, "sentence similarity", published)]


def _read_one_file(path, year):
    pairs = ScoredPairs(path)
    for row in read_rows(path):
        pairs.add(row, 1, 2, 0)
    name = f"STS{year}"
    return [pairs.task(name, "sentence similarity", NUM_PUBLISHED[year])]
