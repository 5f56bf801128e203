import os
import pathlib
import re

# 2013 without the subset SMT, which is not for free.
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


def subset_of(path):
    """The name of the subset that a file of SemEval has.

    Args:
        path: Path such as `"STS.input.images.txt"`.

    Returns:
        A string, or `None` where the file has no pairs of SemEval.

    Example:

    >>> subset_of(pathlib.Path("STS2016.input.answer-answer.txt"))
    'answer-answer'
    """
    match = _INPUT.fullmatch(path.name)
    return match[3] if match else None


def score_name(path):
    """The name of the file with the scores of a file with pairs.

    Args:
        path: Path.

    Returns:
        A string.

    Example:

    >>> score_name(pathlib.Path("STS2016.input.answer-answer.txt"))
    'STS2016.gs.answer-answer.txt'
    """
    return _INPUT.sub(r"\1gs\2", path.name)


def year_of(path, subsets=()):
    """The year of a file of SemEval.

    Args:
        path: Path, whose name or folders' names may tell.
        subsets: Names of the subsets in its folder, which tell otherwise.

    Returns:
        A string of two digits, or an empty one.

    Example:

    >>> year_of(pathlib.Path("sts-en-test-gs-2014", "STS.input.images.txt"))
    '14'
    """
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


def benchmark_name(path, subsets=()):
    """The name of the benchmark that a file of SemEval is a part of.

    Args:
        path: Path.
        subsets: See `year_of`.

    Returns:
        A string.

    Example:

    >>> path = pathlib.Path("STS2017.eval.v1.1", "STS.input.track1.ar-ar.txt")
    >>> benchmark_name(path)
    'STS17 ar-ar'
    """
    year, folder = year_of(path, subsets), path.absolute().parent.name
    name = f"STS{year}" if year else f"STS {folder}"
    if match := _SPLIT.search(folder):
        name += f" {match[1].lower()}"
    if year == "17":
        match = _TRACK.fullmatch(subset_of(path))
        name += f" {match[2] if match else subset_of(path)}"
        # Track 4b has the languages of 4a.
        name += " 4b" if match and match[1] == "b" else ""
    return name


def num_published(name, subsets):
    """The number of scored pairs that the owners tell.

    Args:
        name: String, see `benchmark_name`.
        subsets: Names of the subsets that are there.

    Returns:
        An integer or `None`.

    Example:

    >>> num_published("STS13", ["FNWN", "OnWN", "headlines"])
    1500
    """
    year = name.removeprefix("STS")
    if year.startswith("17 ") and any(map(_TRACK.fullmatch, subsets)):
        return NUM_OF_A_TRACK
    if year == "13" and "SMT" in subsets:
        return NUM_WITH_SMT
    return NUM_PUBLISHED.get(year)
