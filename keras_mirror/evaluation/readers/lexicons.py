import functools
import pathlib
import re

from keras_mirror.evaluation.readers.benchmark_files import BenchmarkFiles
from keras_mirror.evaluation.readers.benchmark_files import NotABenchmark
from keras_mirror.evaluation.readers.benchmark_files import is_text_file
from keras_mirror.evaluation.readers.table import is_number
from keras_mirror.evaluation.readers.table import read_rows
from keras_mirror.evaluation.readers.table import sample_rows
from keras_mirror.evaluation.task import Dropped
from keras_mirror.evaluation.tasks import LexiconTask

NUM_PUBLISHED = 2000

_TEST = re.compile(r"test|\.5000-6500\.", re.I)
_TRAIN = re.compile(r"train|\.0-5000\.", re.I)
_LANGUAGES = re.compile(r"(?<![a-z])([a-z]{2,3}-[a-z]{2,3})(?![a-z])", re.I)
_OF_OWNERS = re.compile(r"yacle\.test\.freq\.2k\..*")


def find_lexicons(files: list[pathlib.Path]) -> list[BenchmarkFiles]:
    """Finds bilingual lexicons, one benchmark per test file.

    Each benchmark uses the largest training file of its two languages.

    Reference:
        - [Glavaš et al., 2019](https://aclanthology.org/P19-1070/)
        - [Conneau et al., 2018](https://arxiv.org/abs/1710.04087), "MUSE"

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "test.en-fr.tsv")
    >>> _ = path.write_text("cat\\tchat\\ndog\\tchien\\n")
    >>> task, = find_lexicons([path])[0].read()
    >>> task.name, task.pairs
    ('BLI en-fr', [('cat', 'chat'), ('dog', 'chien')])
    """
    lexicons = [path for path in files if _is_lexicon(path)]
    trainings = [path for path in lexicons if not _TEST.search(path.name)]
    return [
        BenchmarkFiles([path], functools.partial(_read, path, trainings))
        for path in lexicons
    ]


def _is_lexicon(path: pathlib.Path) -> bool:
    if not (_TEST.search(path.name) or _TRAIN.search(path.name)):
        return False
    rows = sample_rows(path, _separator_of(path))
    pairs = [row.cells for row in rows if len(row.cells) == 2]
    words = [cell for pair in pairs for cell in pair]
    if _LANGUAGES.search(path.name) is None:
        # Texts with a label have two columns too.
        words = [word for word in words if len(word.split()) == 1]
    num_texts = sum(not is_number(word) for word in words)
    return 0 < len(rows) < 2 * len(pairs) and num_texts > 1.5 * len(pairs)


def _separator_of(path: pathlib.Path) -> str | None:
    has_tabs = any(len(row.cells) > 1 for row in sample_rows(path))
    return "\t" if has_tabs else None


def _languages(path: pathlib.Path) -> str:
    """The two languages in the name, or else the folder's name."""
    match = _LANGUAGES.search(path.name)
    return match[1].lower() if match else path.absolute().parent.name


def _read(
    path: pathlib.Path, trainings: list[pathlib.Path]
) -> list[LexiconTask]:
    if path in trainings:
        raise NotABenchmark(f"{path} is for training, without a test file")
    pairs, dropped = _read_pairs(path)
    languages = _languages(path)
    fitting = [
        (training.parent == path.parent, *_read_pairs(training))
        for training in {*trainings, *_trainings_beside(path)}
        if _languages(training) == languages
    ]
    _, training_pairs, training_dropped = max(
        fitting,
        key=lambda training: (training[0], len(training[1])),
        default=(True, [], []),
    )
    is_of_owners = _OF_OWNERS.fullmatch(path.name)
    task = LexiconTask(
        name=f"BLI {languages}",
        pairs=pairs,
        training_pairs=training_pairs,
        dropped=(*dropped, *training_dropped),
        num_published=NUM_PUBLISHED if is_of_owners else None,
    )
    return [task]


def _trainings_beside(path: pathlib.Path) -> list[pathlib.Path]:
    """Finds training files if a user named only the test file."""
    return [
        other
        for other in filter(is_text_file, path.parent.iterdir())
        if other.is_file()
        and not _TEST.search(other.name)
        and _is_lexicon(other)
    ]


def _read_pairs(
    path: pathlib.Path,
) -> tuple[list[tuple[str, str]], list[Dropped]]:
    pairs, dropped = [], []
    for row in read_rows(path, _separator_of(path)):
        row.check_width(2)
        pair = row.text(0), row.text(1)
        if all(pair):
            pairs.append(pair)
        else:
            dropped.append(row.dropped("empty text"))
    if not pairs:
        raise ValueError(
            f"{path} must have a pair of words. "
            f"Received: {len(dropped)} without"
        )
    return pairs, dropped
