import functools
import pathlib
import re
from collections.abc import Iterator

from keras_mirror.evaluation.readers.benchmark_files import BenchmarkFiles
from keras_mirror.evaluation.readers.benchmark_files import NotABenchmark
from keras_mirror.evaluation.readers.table import TableRow
from keras_mirror.evaluation.readers.table import read_rows
from keras_mirror.evaluation.readers.table import sample_rows
from keras_mirror.evaluation.task import Dropped
from keras_mirror.evaluation.tasks import LinkingTask

_PROCESSED = re.compile(r".*dictionary.*\.txt|.*\.concept", re.I)
_TITLE = re.compile(r"\d+\|t\|.*", re.S)
_SPLIT = re.compile(r"train|dev|test", re.I)
_VOCABULARY = re.compile(r"\b(?:MESH|OMIM):")
_COMPOSITE = re.compile(r"[|+]")
# A mention: document, start, end, name, type, id.
_WIDTH, _NAME, _ID = 6, 3, 5


def find_pubtator(files: list[pathlib.Path]) -> list[BenchmarkFiles]:
    """Finds names in a PubTator corpus to link with MEDIC beside it.

    The dictionary has one concept per line, `id|more ids||name|more names`. A
    name of several concepts is one entry that is correct for each of them, as
    in BioSyn's processed dictionaries. A mention of several concepts at once,
    whose id has "|" or "+", does not count; a mention whose concept the
    dictionary lacks always counts as wrong. "MESH:" and "OMIM:" before ids are
    ignored.

    Reference:
        - [Doğan et al., 2014](https://doi.org/10.1016/j.jbi.2013.12.006),
          "NCBI disease corpus"
        - [Davis et al., 2012](https://doi.org/10.1093/database/bar065),
          "MEDIC"

    Example:

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> corpus, medic = folder / "testset.txt", folder / "medic.txt"
    >>> mention = "7 3 8 colds Disease D1".replace(" ", "\\t")
    >>> _ = corpus.write_text(f"7|t|On colds.\\n{mention}\\n")
    >>> _ = medic.write_text("D1|77||Common Cold|Cold\\nD2||Influenza\\n")
    >>> task, = find_pubtator([corpus, medic])[0].read()
    >>> task.names, task.dictionary_names, task.dictionary_ids
    (['colds'], ['Common Cold', 'Cold', 'Influenza'], ['D1|77', 'D1|77', 'D2'])
    """
    corpora = [path for path in files if _is_corpus(path)]
    if not corpora:
        return []
    dictionaries = [path for path in files if _is_dictionary(path)]
    found = []
    for folder in dict.fromkeys(path.parent for path in corpora):
        own = [path for path in corpora if path.parent == folder]
        fitting = [path for path in dictionaries if path.parent == folder]
        read = functools.partial(_read, own, fitting)
        found.append(BenchmarkFiles(own + fitting, read))
    return found


def _is_corpus(path: pathlib.Path) -> bool:
    if path.suffix.lower() != ".txt":
        return False
    rows = sample_rows(path)
    return bool(rows) and _TITLE.fullmatch("\t".join(rows[0].cells)) is not None


def _is_dictionary(path: pathlib.Path) -> bool:
    # BioSyn's processed files, which may be beside the corpus.
    if path.suffix.lower() != ".txt" or _PROCESSED.fullmatch(path.name):
        return False
    rows = sample_rows(path, "||")
    return bool(rows) and all(len(row.cells) > 1 for row in rows)


def _read(
    corpora: list[pathlib.Path], dictionaries: list[pathlib.Path]
) -> list[LinkingTask]:
    if len(dictionaries) != 1:
        received = ", ".join(map(str, dictionaries)) or "none"
        error = ValueError if dictionaries else NotABenchmark
        raise error(
            f"{corpora[0]} must have one dictionary of id||name|name in its "
            f"folder. Received: {received}"
        )
    names, ids = _read_dictionary(dictionaries[0])
    return [_task(path, names, ids) for path in corpora]


def _task(
    path: pathlib.Path, dictionary_names: list[str], dictionary_ids: list[str]
) -> LinkingTask:
    names, ids, dropped = _read_mentions(path)
    if not names:
        raise ValueError(
            f"{path} must have a mention of one concept. "
            f"Received: {len(dropped)} others"
        )
    split = _SPLIT.search(path.stem)
    return LinkingTask(
        name=f"{path.absolute().parent.name} "
        f"{split[0].lower() if split else path.stem}",
        names=names,
        concept_ids=ids,
        dictionary_names=dictionary_names,
        dictionary_ids=dictionary_ids,
        dropped=tuple(dropped),
    )


def _read_dictionary(path: pathlib.Path) -> tuple[list[str], list[str]]:
    concepts: dict[str, list[str]] = {}
    for row in read_rows(path, "||"):
        concept_id = _without_vocabulary(row.text(0))
        own = [name.strip() for name in "||".join(row.cells[1:]).split("|")]
        if not concept_id or not any(own):
            raise ValueError(
                f"{path}, line {row.line} must have an id and names, as "
                f"id||name|name. Received: {row.cells}"
            )
        for name in filter(None, own):
            concepts.setdefault(name, []).append(concept_id)
    ids = ["|".join(dict.fromkeys(of_name)) for of_name in concepts.values()]
    return list(concepts), ids


def _read_mentions(
    path: pathlib.Path,
) -> tuple[list[str], list[str], list[Dropped]]:
    names, ids, dropped = [], [], []
    for row in _mentions(path):
        concept_id = _without_vocabulary(row.text(_ID))
        if not concept_id or not row.text(_NAME):
            dropped.append(row.dropped("mention without id"))
        elif _COMPOSITE.search(concept_id):
            dropped.append(row.dropped("mention of several concepts"))
        else:
            names.append(row.text(_NAME))
            ids.append(concept_id)
    return names, ids, dropped


def _mentions(path: pathlib.Path) -> Iterator[TableRow]:
    """The rows with TABs, which are neither titles nor abstracts."""
    for row in read_rows(path):
        is_text = re.match(r"\d+\|[ta]\|", row.cells[0]) is not None
        if not is_text:
            row.check_width(_WIDTH)
            yield row


def _without_vocabulary(concept_id: str) -> str:
    return _VOCABULARY.sub("", concept_id).strip()
