import functools
import itertools
import pathlib
import re
from collections.abc import Iterable
from collections.abc import Iterator

from keras_mirror.evaluation.readers.benchmark_files import BenchmarkFiles
from keras_mirror.evaluation.readers.benchmark_files import NotABenchmark
from keras_mirror.evaluation.readers.benchmark_files import read_lines
from keras_mirror.evaluation.readers.table import TableRow
from keras_mirror.evaluation.readers.table import column_names
from keras_mirror.evaluation.readers.table import read_rows
from keras_mirror.evaluation.readers.table import sample_names
from keras_mirror.evaluation.task import Dropped
from keras_mirror.evaluation.tasks import LabelTask

TEXT_NAMES = {"text", "sentence", "query"}
LABEL_NAMES = {"label", "category", "intent"}
NUMBER_NAMES = {"", "id", "idx", "index"}
_SEPARATORS = {".csv": (",", ";"), ".tsv": ("\t",), ".tab": ("\t",)}
_SPLIT = re.compile(
    r"(?<![a-z])(?:train|dev|valid(?:ation)?|test)(?![a-z])", re.I
)
_TITLES = re.compile(r"title_(.+)\.txt")
# A row, its text and its label, which may stand in another file.
_Labeled = Iterator[tuple[TableRow, str, str]]


def find_labeled_texts(files: list[pathlib.Path]) -> list[BenchmarkFiles]:
    """Finds labeled texts: tables, and pairs of title_X and label_X.

    A table has a header with columns for a text and a label, and at most row
    numbers beside. A table named `test.csv` or `dev.csv` is scored against a
    `train.csv` in its folder, which is not a benchmark by itself. Any other
    table is scored alone.

    Reference:
        - [Casanueva et al., 2020](https://arxiv.org/abs/2003.04807),
          "banking77": train.csv and test.csv of text,category
        - [Xu et al., 2015](https://aclanthology.org/W15-1509/),
          "StackOverflow": title_StackOverflow.txt, label_StackOverflow.txt

    Example:

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp(), "pets")
    >>> folder.mkdir()
    >>> train, test = folder / "train.csv", folder / "test.csv"
    >>> _ = train.write_text("text,category\\na dog runs,dog\\n")
    >>> _ = test.write_text('text,category\\n"run, dog",dog\\n')
    >>> task, = find_labeled_texts([test, train])[0].read()
    >>> task.name, task.labeled_texts, task.training_labels
    ('pets test', ['run, dog'], ['dog'])
    """
    found = []
    for path in files:
        labels = _labels_of(path)
        if labels in files:
            read = functools.partial(_read_lines, path, labels)
            found.append(BenchmarkFiles([path, labels], read))
    tables = [path for path in files if _separator(path)]
    tables.sort(key=_family)
    for _, group in itertools.groupby(tables, _family):
        paths = list(group)
        training = [path for path in paths if _split_of(path) == "train"]
        scored = [path for path in paths if path not in training]
        read = functools.partial(_read_tables, scored, training)
        found.append(BenchmarkFiles(paths, read))
    return found


def _labels_of(path: pathlib.Path) -> pathlib.Path | None:
    match = _TITLES.fullmatch(path.name)
    return path.with_name(f"label_{match[1]}.txt") if match else None


def _separator(path: pathlib.Path) -> str | None:
    """The separator of a table of labeled texts, `None` of other files."""
    for separator in _SEPARATORS.get(path.suffix.lower(), ()):
        names = sample_names(path, separator).keys() - NUMBER_NAMES
        is_labeled = names & TEXT_NAMES and names & LABEL_NAMES
        if is_labeled and len(names) == 2:
            return separator
    return None


def _family(path: pathlib.Path) -> tuple[pathlib.Path, str]:
    """The name that the splits of one benchmark share."""
    return path.parent, _SPLIT.sub("*", path.name.lower(), count=1)


def _split_of(path: pathlib.Path) -> str:
    match = _SPLIT.search(path.stem)
    return match[0].lower() if match else ""


def _read_tables(
    paths: list[pathlib.Path], training: list[pathlib.Path]
) -> list[LabelTask]:
    if not paths:
        raise NotABenchmark(
            f"{training[0]} must have a table beside it with `test` or `dev` "
            "instead of `train`, to be scored"
        )
    texts, labels, dropped = _columns(map(_rows_of_table, training))
    tasks = []
    for path in paths:
        own_texts, own_labels, own_dropped = _columns([_rows_of_table(path)])
        task = LabelTask(
            name=_name(path),
            labeled_texts=_not_empty(path, own_texts),
            labels=own_labels,
            training_texts=_not_empty(training[0], texts) if training else [],
            training_labels=labels,
            dropped=(*own_dropped, *dropped),
        )
        tasks.append(task)
    return tasks


def _read_lines(
    path: pathlib.Path, label_path: pathlib.Path
) -> list[LabelTask]:
    texts, labels, dropped = _columns([_rows_of_lines(path, label_path)])
    task = LabelTask(
        name=path.stem.removeprefix("title_"),
        labeled_texts=_not_empty(path, texts),
        labels=labels,
        dropped=tuple(dropped),
    )
    return [task]


def _name(path: pathlib.Path) -> str:
    """The name of a benchmark: the folder's if the file's is only a split."""
    if _SPLIT.fullmatch(path.stem):
        return f"{path.absolute().parent.name} {path.stem}"
    return path.stem


def _not_empty(path: pathlib.Path, texts: list[str]) -> list[str]:
    if not texts:
        raise ValueError(
            f"{path} must have a text with a label. Received: none"
        )
    return texts


def _columns(
    tables: Iterable[_Labeled],
) -> tuple[list[str], list[str], list[Dropped]]:
    texts, labels, dropped = [], [], []
    for row, text, label in itertools.chain.from_iterable(tables):
        if text and label:
            texts.append(text)
            labels.append(label)
        else:
            dropped.append(row.dropped("no label" if text else "empty text"))
    return texts, labels, dropped


def _rows_of_table(path: pathlib.Path) -> _Labeled:
    rows = read_rows(path, _separator(path))
    names = column_names(next(rows))
    (text,) = (names[name] for name in TEXT_NAMES & names.keys())
    (label,) = (names[name] for name in LABEL_NAMES & names.keys())
    for row in rows:
        row.check_width(len(names))
        yield row, row.text(text), row.text(label)


def _rows_of_lines(path: pathlib.Path, label_path: pathlib.Path) -> _Labeled:
    texts, labels = list(read_lines(path)), list(read_lines(label_path))
    if len(texts) != len(labels):
        raise ValueError(
            f"{label_path} must have a line for each line of {path}. "
            f"Received: {len(labels)} lines for {len(texts)} texts"
        )
    pairs = zip(texts, labels, strict=True)
    for line, (text, label) in enumerate(pairs, start=1):
        text, label = text.strip(), label.strip()
        yield TableRow(path, line, [text, label]), text, label
