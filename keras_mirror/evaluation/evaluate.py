import dataclasses

from keras_mirror.evaluation.score import average
from keras_mirror.evaluation.text_embeddings import TextEmbeddings


@dataclasses.dataclass(frozen=True)
class Row:
    """One number, for every model.

    Args:
        task: String, the name of the task, or `"average of 4"`.
        kind: String, the kind of the task.
        subset: String, see `Result`; empty for the whole.
        metric: String.
        num_items: Integer.
        scores: List of `Score`, one a model.
    """

    task: str
    kind: str
    subset: str
    metric: str
    num_items: int
    scores: list

    @property
    def differences(self):
        """The scores of all models but the first, minus the first one's."""
        return [score - self.scores[0] for score in self.scores[1:]]


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found out.

    Args:
        models: Dict from names to `MirrorModel`.
        tasks: List of `Task`.
        embeddings: Dict from the same names to `TextEmbeddings` of all texts
            of the tasks.
        rows: List of `Row`: task by task, the averages of a kind behind its
            tasks.
    """

    models: dict
    tasks: list
    embeddings: dict
    rows: list


def evaluate(models, tasks, batch_size=64, on_progress=None):
    """Scores models on benchmarks, side by side.

    Args:
        models: Dict from names to `MirrorModel`. Differences are against the
            first one.
        tasks: List of `Task`, such as `read_benchmarks` gives.
        batch_size: Integer, texts per call of the encoder. Defaults to `64`.
        on_progress: Function of a model's name and the number of its texts
            just encoded. Defaults to `None`.

    Returns:
        An `Evaluation`.

    Raises:
        ValueError: There is no model, or no task.

    Example:

    >>> from keras_mirror.evaluation import SimilarityTask
    >>> task = SimilarityTask(
    ...     name="mine",
    ...     texts_1=["a man plays", "a man", "a woman plays"],
    ...     texts_2=["a man plays", "plays", "a man"],
    ...     scores=[5.0, 1.0, 2.0],
    ... )
    >>> evaluation = evaluate({"before": model, "after": model}, [task])
    >>> evaluation.rows[0].metric, evaluation.rows[0].differences[0].value
    ('Spearman', 0.0)
    """
    if not models or not tasks:
        raise ValueError(
            "`models` and `tasks` must not be empty. "
            f"Received: {len(models)} models, {len(tasks)} tasks"
        )
    tasks = sorted(tasks, key=_first_of_kind(tasks))
    texts = dict.fromkeys(text for task in tasks for text in task.texts())
    embeddings, results = {}, []
    for name, model in models.items():
        tell = on_progress and (lambda n, name=name: on_progress(name, n))
        embeddings[name] = TextEmbeddings(model, texts, batch_size, tell)
        results.append([task.score(embeddings[name]) for task in tasks])
    rows = [
        _rows_of_task(task, of_models)
        for task, of_models in zip(
            tasks, zip(*results, strict=True), strict=True
        )
    ]
    return Evaluation(models, tasks, embeddings, _with_averages(rows))


def _first_of_kind(tasks):
    """A sort key that brings tasks of a kind together, in order of coming."""
    kinds = list(dict.fromkeys(task.kind for task in tasks))
    return lambda task: kinds.index(task.kind)


def _rows_of_task(task, results_of_models):
    rows = []
    for results in zip(*results_of_models, strict=True):
        first = results[0]
        scores = [result.score for result in results]
        rows.append(
            Row(
                task.name,
                task.kind,
                first.subset,
                first.metric,
                first.num_items,
                scores,
            )
        )
    return rows


def _with_averages(rows_of_tasks):
    """All rows, and behind the last task of a kind the kind's average."""
    everything = []
    for index, rows in enumerate(rows_of_tasks):
        everything += rows
        kind = rows[0].kind
        is_last = all(
            other[0].kind != kind for other in rows_of_tasks[index + 1 :]
        )
        headlines = [r[0] for r in rows_of_tasks if r[0].kind == kind]
        if is_last and len(headlines) > 1:
            everything.append(_average_row(headlines))
    return everything


def _average_row(headlines):
    columns = zip(*(row.scores for row in headlines), strict=True)
    return Row(
        f"average of {len(headlines)}",
        headlines[0].kind,
        "",
        headlines[0].metric,
        sum(row.num_items for row in headlines),
        [average(scores) for scores in columns],
    )
