import dataclasses
import os
import pathlib

from keras_mirror.evaluation.readers.beir import find_beir
from keras_mirror.evaluation.readers.benchmark_files import NotABenchmark
from keras_mirror.evaluation.readers.benchmark_files import files_of
from keras_mirror.evaluation.readers.entity_linking import find_entity_linking
from keras_mirror.evaluation.readers.labeled_texts import find_labeled_texts
from keras_mirror.evaluation.readers.lexicons import find_lexicons
from keras_mirror.evaluation.readers.multi_simlex import find_multi_simlex
from keras_mirror.evaluation.readers.pubtator import find_pubtator
from keras_mirror.evaluation.readers.qnli import find_qnli
from keras_mirror.evaluation.readers.scored_table import find_scored_table
from keras_mirror.evaluation.readers.semeval_sts import find_semeval_sts
from keras_mirror.evaluation.readers.semeval_words import find_semeval_words
from keras_mirror.evaluation.readers.sick import find_sick
from keras_mirror.evaluation.readers.sts_benchmark import find_sts_benchmark
from keras_mirror.evaluation.readers.word_similarity import find_word_similarity
from keras_mirror.evaluation.task import Task

# What each reader looks for, and its function. A reader gets the files that
# earlier readers left; the last one tries all remaining files.
READERS = {
    "SemEval STS 2012 to 2017: STS.input.*.txt with STS.gs.*.txt, or "
    "2012.test.tsv": find_semeval_sts,
    "STS Benchmark: sts-train.csv, sts-dev.csv, sts-test.csv, or GLUE's "
    "STS-B/dev.tsv": find_sts_benchmark,
    "SICK: columns sentence_A, sentence_B, relatedness_score": find_sick,
    "Multi-SimLex: translation.csv with scores.csv, or "
    "multisimlex-LANGUAGE.tsv": find_multi_simlex,
    "SemEval 2017 word similarity: en-de.test.data.txt with "
    "en-de.test.gold.txt": find_semeval_words,
    "Entity linking: a corpus of PubTator, with a dictionary of "
    "id||name|name beside it": find_pubtator,
    "Entity linking: *dictionary*.txt of id||name with *.concept or "
    "queries*.txt, or dictionary.tsv with queries.tsv": find_entity_linking,
    "Labeled texts: a table with the columns text and label, train.csv beside "
    "test.csv, or title_*.txt with label_*.txt": find_labeled_texts,
    "Bilingual lexicons: *train*en-fr.tsv and *test*en-fr.tsv, two words "
    "per line": find_lexicons,
    "QNLI: columns question, sentence, label": find_qnli,
    "Retrieval as in BEIR: a folder with corpus.jsonl, queries.jsonl, "
    "qrels/*.tsv": find_beir,
    "Word similarity: SimLex-999, SimVerb-3500, MEN, WordSim-353, RareWords, "
    "RG-65 by file name": find_word_similarity,
    "Any TAB or CSV file: two texts and a score per row": find_scored_table,
}
NUM_REASONS = 5


def read_benchmarks(*paths: str | os.PathLike[str]) -> list[Task]:
    """Reads benchmarks in the formats in which their owners distribute them.

    It detects formats by itself. Files in a folder that are not benchmarks are
    skipped. A benchmark with a wrong line is an error: with missing rows it
    would have another score.

    Args:
        *paths: Paths of files or of folders, which are searched to their
            depths. Each must hold a benchmark.

    Returns:
        A list of `Task`, see `keras_mirror.evaluation.tasks`. A benchmark found
        twice, for example in two formats, counts once.

    Raises:
        FileNotFoundError: There is no such path.
        ValueError: There is no benchmark, or one has a wrong line; the message
            names the file and the line.

    Example:

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "README.txt").write_text("My own pairs.\\n")
    >>> _ = (folder / "mine.tsv").write_text(
    ...     "A man plays.\\tA man.\\t2.5\\nA man plays.\\tA man plays.\\t5\\n"
    ... )
    >>> [(task.name, task.scores) for task in read_benchmarks(folder)]
    [('mine', [2.5, 5.0])]
    """
    named = [found for path in paths for found in _read(path)]
    return _with_own_names(named, os.path.commonpath(map(_folder, paths)))


def _folder(path: str | os.PathLike[str]) -> str:
    path = os.path.abspath(path)
    return path if os.path.isdir(path) else os.path.dirname(path)


def _read(path: str | os.PathLike[str]) -> list[tuple[Task, pathlib.Path]]:
    """The tasks of one path, each with the file that names it."""
    files = files_of(path)
    named: list[tuple[Task, pathlib.Path]] = []
    reasons: list[str] = []
    for find in READERS.values():
        all_found = find(files)
        used = {file for found in all_found for file in found.files}
        files = [file for file in files if file not in used]
        for found in all_found:
            try:
                tasks = found.read()
            except NotABenchmark as reason:
                reasons.append(str(reason))
            else:
                named += [(task, found.files[0]) for task in tasks]
    if not named:
        raise ValueError(_nothing_found(path, reasons))
    return named


def _nothing_found(path: str | os.PathLike[str], reasons: list[str]) -> str:
    received = reasons[:NUM_REASONS] or ["no file of these formats"]
    lines = [f"'{path}' must hold a benchmark. Received: {received[0]}"]
    lines += [f"  {reason}" for reason in received[1:]]
    lines += ["Expected one of these:"]
    lines += [f"  - {looks_for}" for looks_for in READERS]
    return "\n".join(lines)


def _with_own_names(
    named: list[tuple[Task, pathlib.Path]], root: str
) -> list[Task]:
    """Removes equal benchmarks; adds paths to different ones of one name."""
    named_once: list[tuple[Task, pathlib.Path]] = []
    for task, path in named:
        same = [other for other, _ in named_once if other.name == task.name]
        if not any(_content(other) == _content(task) for other in same):
            named_once.append((task, path))
    names = [task.name for task, _ in named_once]
    return [
        task
        if names.count(task.name) == 1
        else dataclasses.replace(
            task, name=f"{task.name} ({os.path.relpath(path, root)})"
        )
        for task, path in named_once
    ]


def _content(task: Task) -> Task:
    return dataclasses.replace(task, dropped=())
