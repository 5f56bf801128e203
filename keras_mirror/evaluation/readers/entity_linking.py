import functools
import itertools
import pathlib
import re
from collections.abc import Iterator
from typing import NoReturn

from keras_mirror.evaluation.readers.benchmark_files import BenchmarkFiles
from keras_mirror.evaluation.readers.benchmark_files import NotABenchmark
from keras_mirror.evaluation.readers.table import TableRow
from keras_mirror.evaluation.readers.table import read_rows
from keras_mirror.evaluation.readers.table import sample_rows
from keras_mirror.evaluation.task import Dropped
from keras_mirror.evaluation.tasks import LinkingTask

_DICTIONARY = re.compile(r".*dictionary.*\.txt|dictionary\.tsv", re.I)
_QUERIES = re.compile(r".*\.concept|queries.*\.txt|queries\.tsv", re.I)
_SPLIT = re.compile(r"traindev|train|dev|test", re.I)
# How many columns a row has, and which are the name and the id: rows of
# `document||start|end||type||name||id`, of `id||name`, and of name TAB id.
_COLUMNS = {".concept": (5, 3, 4), ".txt": (2, 1, 0), ".tsv": (2, 0, 1)}


def find_entity_linking(files: list[pathlib.Path]) -> list[BenchmarkFiles]:
    """Finds names to link with a dictionary, one benchmark per query set.

    The queries are in the folder of the dictionary or below. If there are
    several dictionaries, `test_dictionary.txt` is for the queries of
    `processed_test`. A name that occurs twice counts twice, as in the paper's
    code.

    Reference:
        - [Sung et al., 2020](https://arxiv.org/abs/2005.00239), "BioSyn"

    Example:

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> names, queries = folder / "dictionary.tsv", folder / "queries.tsv"
    >>> _ = names.write_text("a cold\\tD1\\nflu\\tD2\\n")
    >>> _ = queries.write_text("colds\\tD1\\n")
    >>> task, = find_entity_linking([names, queries])[0].read()
    >>> task.names, task.dictionary_ids
    (['colds'], ['D1', 'D2'])
    """
    dictionaries = [path for path in files if _is(path, _DICTIONARY)]
    queries = [path for path in files if _is(path, _QUERIES)]
    found = []
    queries.sort(key=_set_of_queries)
    for _, group in itertools.groupby(queries, _set_of_queries):
        paths = list(group)
        fitting = _fitting(paths[0], dictionaries)
        read = functools.partial(_read, paths, fitting)
        found.append(BenchmarkFiles(paths + fitting, read))
    used = {path for one in found for path in one.files}
    for path in dictionaries:
        if path not in used:
            found.append(
                BenchmarkFiles([path], functools.partial(_no_queries, path))
            )
    return found


def _is(path: pathlib.Path, pattern: re.Pattern[str]) -> bool:
    if not pattern.fullmatch(path.name):
        return False
    separator = "\t" if path.suffix.lower() == ".tsv" else "||"
    rows = sample_rows(path, separator)
    return path.suffix == ".concept" or any(len(row.cells) > 1 for row in rows)


def _set_of_queries(path: pathlib.Path) -> tuple[pathlib.Path, str]:
    """All `.concept` files of a folder are one set, other files one each."""
    return path.parent, "" if path.suffix == ".concept" else path.name


def _split_of(path: pathlib.Path) -> str:
    is_concept = path.suffix == ".concept"
    return _split_in(path.absolute().parent.name if is_concept else path.stem)


def _split_in(name: str) -> str:
    match = _SPLIT.search(name)
    return match[0].lower() if match else ""


def _fitting(
    query_path: pathlib.Path, dictionaries: list[pathlib.Path]
) -> list[pathlib.Path]:
    """The dictionaries for a set of queries; there should be exactly one."""
    near: list[pathlib.Path] = []
    for folder in query_path.parents:
        near = near or [p for p in dictionaries if p.parent == folder]
    split = _split_of(query_path)
    # BioSyn has no dictionary of its own for "traindev".
    for wanted in filter(None, (split, split.removesuffix("dev"))):
        same = [path for path in near if _split_in(path.name) == wanted]
        if same:
            return same
    return near


def _no_queries(path: pathlib.Path) -> NoReturn:
    raise NotABenchmark(f"{path} must have queries in its folder or below")


def _read(
    query_paths: list[pathlib.Path], dictionaries: list[pathlib.Path]
) -> list[LinkingTask]:
    if not dictionaries:
        raise NotABenchmark(
            f"{query_paths[0]} must have a dictionary in its folder or above"
        )
    if len(dictionaries) > 1:
        raise ValueError(
            f"{query_paths[0]} must have one dictionary. "
            f"Received: {', '.join(map(str, dictionaries))}"
        )
    names, ids, dropped = _without_empty(dictionaries)
    query_names, query_ids, query_dropped = _without_empty(query_paths)
    task = LinkingTask(
        name=_name(query_paths[0], dictionaries[0]),
        names=query_names,
        concept_ids=query_ids,
        dictionary_names=names,
        dictionary_ids=ids,
        dropped=(*dropped, *query_dropped),
    )
    return [task]


def _without_empty(
    paths: list[pathlib.Path],
) -> tuple[list[str], list[str], list[Dropped]]:
    names, ids, dropped = [], [], []
    for row, name, concept_id in itertools.chain(*map(_names_of, paths)):
        if not name:
            dropped.append(row.dropped("empty text"))
        else:
            names.append(name)
            ids.append(concept_id)
    if not names:
        raise ValueError(
            f"{paths[0]} must have a name with an id. Received: none"
        )
    return names, ids, dropped


def _name(query_path: pathlib.Path, dictionary_path: pathlib.Path) -> str:
    folder = dictionary_path.absolute().parent
    if split := _split_of(query_path):
        return f"{folder.name} {split}"
    if query_path.absolute().parent == folder:
        return folder.name
    return f"{folder.name} {query_path.absolute().parent.name}"


def _names_of(path: pathlib.Path) -> Iterator[tuple[TableRow, str, str]]:
    """The names of a file with their rows and the ids of their concepts."""
    width, name, concept_id = _COLUMNS[path.suffix.lower()]
    separator = "\t" if path.suffix.lower() == ".tsv" else "||"
    for row in read_rows(path, separator):
        row.check_width(width)
        if separator == "\t" and row.line == 1 and _is_header(row):
            continue
        if not row.text(concept_id):
            raise ValueError(
                f"{path}, line {row.line} must have an id. "
                f"Received: {row.cells}"
            )
        yield row, row.text(name), row.text(concept_id)


def _is_header(row: TableRow) -> bool:
    return row.text(1).lower() in ("id", "concept_id", "concept id", "cui")
