import pathlib

from keras_mirror.evaluation.readers.benchmark_files import NotABenchmark
from keras_mirror.evaluation.readers.benchmark_files import each_file
from keras_mirror.evaluation.readers.table import TableRow
from keras_mirror.evaluation.readers.table import column_names
from keras_mirror.evaluation.readers.table import read_rows
from keras_mirror.evaluation.readers.table import sample_names
from keras_mirror.evaluation.tasks import EntailmentTask

NUM_PUBLISHED = {"train": 104743, "dev": 5463}
LABELS = {"entailment": True, "not_entailment": False}


def read_qnli(path: pathlib.Path) -> list[EntailmentTask]:
    """Reads QNLI: whether a sentence answers a question.

    Reference:
        - [Wang et al., 2018](https://arxiv.org/abs/1804.07461), "GLUE"

    Raises:
        NotABenchmark: The file has no labels, like GLUE's `test.tsv`.
        ValueError: A row is wrong.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "dev.tsv")
    >>> _ = path.write_text(
    ...     "question\\tsentence\\tlabel\\nWhy?\\tBecause.\\tentailment\\n"
    ... )
    >>> task, = read_qnli(path)
    >>> task.name, task.labels
    ('QNLI dev', [True])
    """
    rows = read_rows(path)
    names = column_names(next(rows))
    if "label" not in names:
        raise NotABenchmark(f"{path} has no column `label`")
    questions, sentences, labels, dropped = [], [], [], []
    for row in rows:
        label = _label(row, names["label"])
        question = row.text(names["question"])
        sentence = row.text(names["sentence"])
        if question and sentence:
            questions.append(question)
            sentences.append(sentence)
            labels.append(label)
        else:
            dropped.append(row.dropped("empty text"))
    if not labels:
        raise ValueError(
            f"{path} must have a question with a sentence. "
            f"Received: {len(dropped)} rows without"
        )
    task = EntailmentTask(
        name=f"QNLI {path.stem}",
        texts_1=questions,
        texts_2=sentences,
        labels=labels,
        dropped=tuple(dropped),
        num_published=NUM_PUBLISHED.get(path.stem),
    )
    return [task]


def _label(row: TableRow, column: int) -> bool:
    label = row.text(column)
    if label not in LABELS:
        raise ValueError(
            f"{row.path}, line {row.line}: the label must be one of "
            f"{', '.join(LABELS)}. Received: {label!r}"
        )
    return LABELS[label]


find_qnli = each_file(
    lambda path: {"question", "sentence"} <= sample_names(path).keys(),
    read_qnli,
)
