import dataclasses
import functools
from collections.abc import Callable
from collections.abc import Sequence

import keras

from keras_mirror.evaluation.pooling_of import pooling_of
from keras_mirror.evaluation.score import LEVEL
from keras_mirror.evaluation.score import NUM_RESAMPLES
from keras_mirror.evaluation.score import Score
from keras_mirror.evaluation.score import average
from keras_mirror.evaluation.task import Result
from keras_mirror.evaluation.task import Task
from keras_mirror.evaluation.task import TextEmbeddings
from keras_mirror.evaluation.tfidf import TfidfBaseline
from keras_mirror.version import __version__


@dataclasses.dataclass(frozen=True)
class ScoreRow:
    """One metric of one task, with a score for every model.

    Args:
        task: String, the name of the task, or `"average of 4"`.
        kind: String, the kind of the task.
        subset: String, see `Result`; empty for the whole.
        metric: String.
        num_items: Integer.
        scores: List of `Score`, one per model.
    """

    task: str
    kind: str
    subset: str
    metric: str
    num_items: int
    scores: list[Score]

    @property
    def differences(self) -> list[Score]:
        """The scores of all models but the first, minus the first one's."""
        return [score - self.scores[0] for score in self.scores[1:]]


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The result of `evaluate`.

    Args:
        models: Dict from names to `MirrorModel` or `TfidfBaseline`.
        tasks: List of `Task`.
        embeddings: Dict from the names of encoders to `TextEmbeddings` of all
            texts of the tasks. A baseline has none.
        rows: List of `ScoreRow`, task by task; the average of a kind follows
            its tasks.

    Example:

    >>> from keras_mirror.evaluation import SimilarityTask
    >>> task = SimilarityTask(
    ...     name="mine",
    ...     texts_1=["a man plays", "a man", "a woman plays"],
    ...     texts_2=["a man plays", "plays", "a man"],
    ...     scores=[5.0, 1.0, 2.0],
    ... )
    >>> evaluation = evaluate({"encoder": model}, [task])
    >>> [row.metric for row in evaluation.rows]
    ['Spearman', 'Pearson']
    """

    models: dict
    tasks: list[Task]
    embeddings: dict[str, TextEmbeddings]
    rows: list[ScoreRow]


def evaluate(
    models: dict,
    tasks: Sequence[Task],
    batch_size: int | None = None,
    on_progress: Callable[[str, int], object] | None = None,
) -> Evaluation:
    """Scores models on benchmarks, side by side.

    Args:
        models: Dict from names to `MirrorModel`, or to a `TfidfBaseline`.
            Differences are against the first one.
        tasks: List of `Task`, such as `read_benchmarks` gives.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `None`.
        on_progress: Function of a model's name and the number of its texts
            just encoded. Defaults to `None`.

    Returns:
        An `Evaluation`.

    Raises:
        ValueError: There is no model, or no task, or a baseline cannot score
            one of them.

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
    for model in models.values():
        if isinstance(model, TfidfBaseline):
            model.check(tasks)
    texts = dict.fromkeys(text for task in tasks for text in task.texts())
    embeddings, results = {}, []
    for name, model in models.items():
        if isinstance(model, TfidfBaseline):
            results.append([task.score(model.fit(task)) for task in tasks])
            continue
        tell = functools.partial(on_progress, name) if on_progress else None
        embeddings[name] = TextEmbeddings(model, texts, batch_size, tell)
        results.append([task.score(embeddings[name]) for task in tasks])
    rows = [
        _rows_of_task(task, of_models)
        for task, of_models in zip(
            tasks, zip(*results, strict=True), strict=True
        )
    ]
    return Evaluation(models, tasks, embeddings, _with_averages(rows))


def as_dict(evaluation: Evaluation) -> dict[str, object]:
    """An `Evaluation` as plain dicts and lists, for JSON.

    Numbers are not multiplied by 100; an undefined one is `None`.

    Returns:
        A dict of `"models"`, `"tasks"`, `"rows"`, and how it was made.
    """
    return {
        "keras_mirror": __version__,
        "backend": keras.backend.backend(),
        "interval": {"level": LEVEL, "bootstrap_samples": NUM_RESAMPLES},
        "models": [_model(evaluation, name) for name in evaluation.models],
        "tasks": [_task(task) for task in evaluation.tasks],
        "rows": [_row(row) for row in evaluation.rows],
    }


def _first_of_kind(tasks: Sequence[Task]) -> Callable[[Task], int]:
    """A sort key that groups tasks by kind, in order of first appearance."""
    kinds = list(dict.fromkeys(task.kind for task in tasks))
    return lambda task: kinds.index(task.kind)


def _rows_of_task(
    task: Task, results_of_models: Sequence[list[Result]]
) -> list[ScoreRow]:
    rows = []
    for results in zip(*results_of_models, strict=True):
        first = results[0]
        scores = [result.score for result in results]
        rows.append(
            ScoreRow(
                task=task.name,
                kind=task.kind,
                subset=first.subset,
                metric=first.metric,
                num_items=first.num_items,
                scores=scores,
            )
        )
    return rows


def _with_averages(rows_of_tasks: list[list[ScoreRow]]) -> list[ScoreRow]:
    """Adds the average of each kind after its last task."""
    everything: list[ScoreRow] = []
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


def _average_row(headlines: list[ScoreRow]) -> ScoreRow:
    columns = zip(*(row.scores for row in headlines), strict=True)
    return ScoreRow(
        task=f"average of {len(headlines)}",
        kind=headlines[0].kind,
        subset="",
        metric=headlines[0].metric,
        num_items=sum(row.num_items for row in headlines),
        scores=[average(scores) for scores in columns],
    )


def _model(evaluation: Evaluation, name: str) -> dict[str, object]:
    if name not in evaluation.embeddings:
        return {"name": name}
    model, embeddings = evaluation.models[name], evaluation.embeddings[name]
    return {
        "name": name,
        "pooling_mode": model.recipe.pooling_mode,
        "pooling": pooling_of(model),
        "sequence_length": model.preprocessor.sequence_length,
        "num_texts": len(embeddings.texts),
        "num_cut": embeddings.num_cut,
    }


def _task(task: Task) -> dict[str, object]:
    return {
        "name": task.name,
        "kind": task.kind,
        "num_published": task.num_published,
        "dropped": [dataclasses.asdict(dropped) for dropped in task.dropped],
    }


def _row(row: ScoreRow) -> dict[str, object]:
    return {
        "task": row.task,
        "kind": row.kind,
        "subset": row.subset,
        "metric": row.metric,
        "num_items": row.num_items,
        "scores": [_score(score) for score in row.scores],
        "differences": [_score(score) for score in row.differences],
    }


def _score(score: Score) -> dict[str, float | None]:
    low, high = score.interval or (None, None)
    return {"value": score.value, "low": low, "high": high}
