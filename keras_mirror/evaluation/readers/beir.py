import functools

from keras_mirror.evaluation.readers.found import Found
from keras_mirror.evaluation.readers.found import NotABenchmark
from keras_mirror.evaluation.readers.json_rows import read_json_rows
from keras_mirror.evaluation.readers.table import column_names
from keras_mirror.evaluation.readers.table import read_rows
from keras_mirror.evaluation.readers.table import sample_names
from keras_mirror.evaluation.tasks import RetrievalTask

COLUMNS = {"queryid": 0, "corpusid": 1, "score": 2}


def find_beir(files):
    """Retrieval in the format of BEIR, one benchmark a file of judgements.

    Reference:
        - [Thakur et al., 2021](https://arxiv.org/abs/2104.08663)

    Args:
        files: List of paths.

    Returns:
        A list of `Found`.

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
            found.append(Found([path, queries, *qrels], read))
    known = {path for one in found for path in one.files}
    for path in files:
        if path not in known and sample_names(path) == COLUMNS:
            found.append(Found([path], functools.partial(_no_corpus, path)))
    return found


def _no_corpus(path):
    raise NotABenchmark(
        f"{path} must be in a folder `qrels` beside corpus.jsonl and "
        "queries.jsonl"
    )


def _read(corpus_path, query_path, qrels_paths):
    corpus, queries = read_json_rows(corpus_path), read_json_rows(query_path)
    empty = [
        row.dropped("empty text") for row in corpus.values() if not row.text(0)
    ]
    corpus = {key: row for key, row in corpus.items() if row.text(0)}
    folder = corpus_path.absolute().parent.name
    return [
        _task(f"{folder} {path.stem}", corpus, queries, path, empty)
        for path in qrels_paths
    ]


def _task(name, corpus, queries, path, empty):
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
        name=name,
        queries=[queries[key].text(0) for key in relevance],
        documents=[row.text(0) for row in corpus.values()],
        relevance=list(relevance.values()),
        # A query that is a document itself finds itself first.
        ignored=ignored if max(ignored) >= 0 else None,
        dropped=tuple(dropped),
    )


def _relevance(path, places, queries, dropped):
    """Of each query, the grades of its relevant documents."""
    first_rows = {}
    relevance = {}
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


def _judgements(path):
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
