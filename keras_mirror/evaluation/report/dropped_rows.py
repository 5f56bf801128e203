import collections
import dataclasses


@dataclasses.dataclass(frozen=True)
class TaskItems:
    """How many items of a task count, and why others do not.

    Args:
        name: String, the task.
        num_items: Integer, those that were scored.
        num_published: Integer or `None`, what the task's owners tell, where
            it differs.
        reasons: Dict from reasons to numbers of dropped rows, most frequent
            first.
    """

    name: str
    num_items: int
    num_published: int | None
    reasons: dict


def dropped_rows(evaluation):
    """The tasks where not everything counts.

    Args:
        evaluation: An `Evaluation`.

    Returns:
        A list of `TaskItems`, without tasks that are complete.

    Example:

    >>> from keras_mirror.evaluation import SimilarityTask
    >>> from keras_mirror.evaluation import evaluate
    >>> task = SimilarityTask(
    ...     name="mine",
    ...     texts_1=["a man"],
    ...     texts_2=["a woman"],
    ...     scores=[5.0],
    ...     num_published=2,
    ... )
    >>> dropped_rows(evaluate({"model": model}, [task]))
    [TaskItems(name='mine', num_items=1, num_published=2, reasons={})]
    """
    everything = [_task_items(task) for task in evaluation.tasks]
    return [
        items for items in everything if items.reasons or items.num_published
    ]


def _task_items(task):
    num_items = task.num_items()
    reasons = collections.Counter(row.reason for row in task.dropped)
    differs = task.num_published not in (None, num_items)
    published = task.num_published if differs else None
    return TaskItems(
        task.name, num_items, published, dict(reasons.most_common())
    )
