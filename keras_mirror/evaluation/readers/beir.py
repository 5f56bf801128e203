import functools
import json
import pathlib
from collections.abc import Iterator
from typing import NoReturn

from keras_mirror.evaluation.readers.benchmark_files import BenchmarkFiles
from keras_mirror.evaluation.readers.benchmark_files import NotABenchmark
from keras_mirror.evaluation.readers.benchmark_files import read_lines
from keras_mirror.evaluation.readers.table import TableRow
from keras_mirror.evaluation.readers.table import column_names
from keras_mirror.evaluation.readers.table import read_rows
from keras_mirror.evaluation.readers.table import sample_names
from keras_mirror.evaluation.task import Dropped
from keras_mirror.evaluation.tasks import RetrievalTask

COLUMNS = {"queryid": 0, "corpusid": 1, "score": 2}


def find_beir(files: list[pathlib.Path]) -> list[BenchmarkFiles]:
    """Finds retrieval benchmarks in BEIR's format, one per judgement file.

    Reference:
        - [Thakur et al., 2021](https://arxiv.org/abs/2104.08663)

    Example:

    >>> import pathlib
    >>> names = "corpus.jsonl queries.jsonl qrels/test.tsv".split()
    >>> files = [pathlib.Path("scifact", name) for name in names]
    >>> find_beir(files)[0].files == files
    True
    """
    found = []
    for path in files:
        if path.name != "corpus.jsonl":
            continue
        queries = path.with_name("queries.jsonl")
        qrels = [
            file
            for file in files
            if file.suffix == ".tsv" and file.parent == path.parent / "qrels"
        ]
        if queries in files and qrels:
            read = functools.partial(_read, path, queries, qrels)
            found.append(BenchmarkFiles([path, queries, *qrels], read))
    known = {path for one in found for path in one.files}
    for path in files:
        if path not in known and sample_names(path) == COLUMNS:
            found.append(
                BenchmarkFiles([path], functools.partial(_no_corpus, path))
            )
    return found


def _no_corpus(path: pathlib.Path) -> NoReturn:
    raise NotABenchmark(
        f"{path} must be in a folder `qrels` beside corpus.jsonl and "
        "queries.jsonl"
    )


def _read(
    corpus_path: pathlib.Path,
    query_path: pathlib.Path,
    qrels_paths: list[pathlib.Path],
) -> list[RetrievalTask]:
    corpus, queries = _read_json_rows(corpus_path), _read_json_rows(query_path)
    empty = [
        row.dropped("empty text") for row in corpus.values() if not row.text(0)
    ]
    corpus = {key: row for key, row in corpus.items() if row.text(0)}
    return [_task(path, corpus, queries, empty) for path in qrels_paths]


def _task(
    path: pathlib.Path,
    corpus: dict[str, TableRow],
    queries: dict[str, TableRow],
    empty: list[Dropped],
) -> RetrievalTask:
    dropped = [*empty]
    places = {key: place for place, key in enumerate(corpus)}
    relevance = _relevance(path, places, queries, dropped)
    if not relevance:
        raise ValueError(
            f"{path} must have a query with a relevant document. "
            f"Received: {len(dropped)} rows without"
        )
    ignored = [places.get(key, -1) for key in relevance]
    return RetrievalTask(
        name=f"{path.absolute().parents[1].name} {path.stem}",
        queries=[queries[key].text(0) for key in relevance],
        documents=[row.text(0) for row in corpus.values()],
        relevance=list(relevance.values()),
        # A query that is a document itself finds itself first.
        ignored=ignored if max(ignored) >= 0 else None,
        dropped=tuple(dropped),
    )


def _relevance(
    path: pathlib.Path,
    places: dict[str, int],
    queries: dict[str, TableRow],
    dropped: list[Dropped],
) -> dict[str, dict[int, float]]:
    """The grades of the relevant documents of each query."""
    first_rows: dict[str, TableRow] = {}
    relevance: dict[str, dict[int, float]] = {}
    for row, query, document, grade in _judgements(path):
        if query not in queries or not queries[query].text(0):
            dropped.append(row.dropped("query missing"))
            continue
        first_rows.setdefault(query, row)
        grades = relevance.setdefault(query, {})
        if document not in places:
            dropped.append(row.dropped("document missing"))
        elif grade > 0:
            grades[places[document]] = grade
    for query, grades in relevance.items():
        if not grades:
            reason = "no relevant document"
            dropped.append(first_rows[query].dropped(reason))
    return {query: grades for query, grades in relevance.items() if grades}


def _judgements(
    path: pathlib.Path,
) -> Iterator[tuple[TableRow, str, str, float]]:
    rows = read_rows(path)
    header = next(rows, None)
    if header is None or column_names(header) != COLUMNS:
        raise ValueError(
            f"{path}, line 1 must be the header query-id, corpus-id, score, "
            f"separated by TABs. Received: {header and header.cells}"
        )
    for row in rows:
        grade = row.number(2)
        if grade is None:
            raise ValueError(
                f"{path}, line {row.line} must have a score. "
                f"Received: {row.cells}"
            )
        yield row, row.text(0), row.text(1), grade


def _read_json_rows(path: pathlib.Path) -> dict[str, TableRow]:
    """The rows of a file of texts by their ids, each of one cell."""
    rows: dict[str, TableRow] = {}
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        key, text = _id_and_text(path, number, line)
        if key in rows:
            raise ValueError(
                f"{path}, line {number} must have a unique `_id`. Received: "
                f"{key!r}, which line {rows[key].line} has"
            )
        rows[key] = TableRow(path, number, [text])
    return rows


def _id_and_text(path: pathlib.Path, number: int, line: str) -> tuple[str, str]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path}, line {number} is not JSON: {error}"
        ) from error
    if not isinstance(entry, dict) or not {"_id", "text"} <= entry.keys():
        raise ValueError(
            f"{path}, line {number} must be an object with `_id` and `text`. "
            f"Received: {line[:200]}"
        )
    parts = [entry.get("title") or "", entry["text"] or ""]
    if not all(isinstance(part, str) for part in parts):
        raise ValueError(
            f"{path}, line {number}: `title` and `text` must be strings. "
            f"Received: {line[:200]}"
        )
    text = " ".join(parts)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{path}, line {number} must be valid Unicode. "
            f"Received: {line[:200]}"
        ) from error
    return str(entry["_id"]), text
