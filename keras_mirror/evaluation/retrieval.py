import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class RetrievalTask:
    """Texts, and for each of them the one document that is to be found.

    Args:
        queries: List of strings.
        documents: List of different strings.
        positives: List of integers, the index of each query's document.

    Raises:
        ValueError: There is not one positive a query, or no such document.

    Example:

    >>> task = RetrievalTask(["a car"], ["a tree", "an automobile"], [1])
    """

    queries: list
    documents: list
    positives: list

    def __post_init__(self):
        if len(self.queries) != len(self.positives):
            raise ValueError(
                "`positives` must hold one index for every query. Received: "
                f"{len(self.queries)} queries, {len(self.positives)} positives"
            )
        outside = set(self.positives) - set(range(len(self.documents)))
        if outside:
            raise ValueError(
                "`positives` must be indices of `documents`. Received: "
                f"{sorted(outside)} with {len(self.documents)} documents"
            )


def retrieval_ranks(similarities, positives):
    """The place of each query's document among all, 1 for the nearest.

    Documents that are as near as the right one are placed before it: vectors
    that are all alike find nothing.

    Args:
        similarities: Array of shape `(num_queries, num_documents)`.
        positives: Integers of shape `(num_queries,)`.

    Returns:
        Integers of shape `(num_queries,)`.

    Example:

    >>> retrieval_ranks([[0.3, 0.9, 0.5]], [2]).tolist()
    [2]
    """
    similarities = np.asarray(similarities)
    positives = np.asarray(positives, dtype=int)
    right = np.take_along_axis(similarities, positives[:, None], axis=1)
    return (similarities >= right).sum(axis=1)


def score_retrieval(model, tasks):
    """How well a model finds documents: accuracy@1, @5 and reciprocal rank.

    Args:
        model: A `MirrorModel`, or whatever has its `encode_text` and
            `similarity`.
        tasks: List of `RetrievalTask`. Every query of every task counts the
            same.

    Returns:
        A dict of floats in `[0, 1]`: `"accuracy@1"` and `"accuracy@5"`, the
        shares of queries whose document is the nearest or one of the nearest
        five, and `"mean reciprocal rank"`.

    Raises:
        ValueError: There is no query.

    Example:

    >>> task = RetrievalTask(["a man plays"], ["a woman", "a man plays"], [1])
    >>> score_retrieval(model, [task])["accuracy@1"]
    1.0
    """
    texts = {text for task in tasks for text in task.queries + task.documents}
    rows = {text: row for row, text in enumerate(sorted(texts))}
    if not any(task.queries for task in tasks):
        raise ValueError("`tasks` must hold a query. Received: none")
    embeddings = model.encode_text(list(rows))

    def embeddings_of(texts):
        return embeddings[[rows[text] for text in texts]]

    ranks = np.concatenate(
        [
            retrieval_ranks(
                model.similarity(
                    embeddings_of(task.queries), embeddings_of(task.documents)
                ),
                task.positives,
            )
            for task in tasks
        ]
    )
    return {
        "accuracy@1": float(np.mean(ranks <= 1)),
        "accuracy@5": float(np.mean(ranks <= 5)),
        "mean reciprocal rank": float(np.mean(1 / ranks)),
    }
