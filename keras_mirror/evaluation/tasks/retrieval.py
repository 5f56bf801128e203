import dataclasses
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np

from keras_mirror.evaluation import ranking
from keras_mirror.evaluation.cosines import cosine_blocks
from keras_mirror.evaluation.cosines import unit_rows
from keras_mirror.evaluation.statistics import Mean
from keras_mirror.evaluation.task import Result
from keras_mirror.evaluation.task import Task
from keras_mirror.evaluation.task import check_same_lengths
from keras_mirror.evaluation.task import row_finder

QUERIES_AT_ONCE = 256  # times the documents: one block of cosines in memory


@dataclasses.dataclass(frozen=True, kw_only=True)
class RetrievalTask(Task):
    """Queries, documents, and which documents are relevant to a query.

    Reference:
        - [Thakur et al., 2021](https://arxiv.org/abs/2104.08663), "BEIR"

    Args:
        queries: List of strings.
        documents: List of strings.
        relevance: List of dicts, one per query, from indices of `documents` to
            grades, positive numbers. At least one document each.
        ignored: List of integers, for each query the index of a document to
            ignore, such as the query itself, or -1. Defaults to `None`: none is
            ignored.

    Raises:
        ValueError: A query has no relevant document, or an index is out of
            range.

    Example:

    >>> task = RetrievalTask(
    ...     name="cars",
    ...     queries=["a man plays"],
    ...     documents=["a woman", "a man plays"],
    ...     relevance=[{1: 1}],
    ... )
    >>> result = task.score(model.encode_text)[0]
    >>> result.metric, result.score.value
    ('nDCG@10', 1.0)
    """

    kind: str = "retrieval"
    queries: list[str]
    documents: list[str]
    relevance: list[dict[int, float]]
    ignored: list[int] | None = None

    def __post_init__(self) -> None:
        check_same_lengths(
            queries=self.queries,
            relevance=self.relevance,
            ignored=self.queries if self.ignored is None else self.ignored,
        )
        for query, grades in zip(self.queries, self.relevance, strict=True):
            places = range(len(self.documents))
            if not grades or not all(
                index in places and grade > 0 for index, grade in grades.items()
            ):
                raise ValueError(
                    "`relevance` must map at least one index of `documents` "
                    f"to a positive grade. Received: {grades!r} for the query "
                    f"{query!r}, with {len(self.documents)} documents"
                )

    def num_items(self) -> int:
        return len(self.queries)

    def texts(self) -> list[str]:
        return [*self.queries, *self.documents]

    def score(self, embed: Callable) -> list[Result]:
        ranked = list(self.ranks(embed))
        columns = {
            "nDCG@10": [
                ranking.ndcg_at(ranks, grades, 10) for ranks, grades in ranked
            ],
            "recall@1": [ranking.recall_at(ranks, 1) for ranks, _ in ranked],
            "recall@10": [ranking.recall_at(ranks, 10) for ranks, _ in ranked],
            "recall@100": [
                ranking.recall_at(ranks, 100) for ranks, _ in ranked
            ],
            "mean reciprocal rank": [
                ranking.reciprocal_rank(ranks) for ranks, _ in ranked
            ],
        }
        return [
            self.result(Mean(values), metric, len(values))
            for metric, values in columns.items()
        ]

    def ranks(self, embed: Callable) -> Iterator[tuple]:
        """Ranks of relevant documents per query, see `evaluation.ranking`.

        Args:
            embed: See `Task.score`.

        Yields:
            Tuples `(ranks, grades)`.
        """
        queries = unit_rows(embed(self.queries))
        documents = unit_rows(embed(self.documents))
        ignored = self.ignored or [-1] * len(self.queries)
        for start, cosines in cosine_blocks(
            queries, documents, QUERIES_AT_ONCE
        ):
            for row, query in enumerate(range(start, start + len(cosines))):
                if ignored[query] >= 0:
                    cosines[row, ignored[query]] = -np.inf
                yield ranking.relevant_ranks(
                    cosines[row], self.relevance[query]
                )


def score_retrieval(model, tasks: Sequence[RetrievalTask]) -> dict[str, float]:
    """Scores how well a model finds documents: accuracy@1, @5 and MRR.

    Args:
        model: A `MirrorModel`, or any object with an `encode_text`.
        tasks: List of `RetrievalTask`. All queries count equally.

    Returns:
        A dict of floats in `[0, 1]`: `"accuracy@1"` and `"accuracy@5"`, the
        shares of queries with a relevant document among the nearest one or
        five, and `"mean reciprocal rank"`.

    Raises:
        ValueError: There is no query.

    Example:

    >>> task = RetrievalTask(
    ...     name="cars",
    ...     queries=["a man plays"],
    ...     documents=["a woman", "a man plays"],
    ...     relevance=[{1: 1}],
    ... )
    >>> score_retrieval(model, [task])["accuracy@1"]
    1.0
    """
    texts = list(dict.fromkeys(text for task in tasks for text in task.texts()))
    if not texts:
        raise ValueError("`tasks` must hold a query. Received: none")
    embed = row_finder(texts, model.encode_text(texts))
    ranks = [ranks for task in tasks for ranks, _ in task.ranks(embed)]
    return {
        "accuracy@1": float(np.mean([ranking.hit_at(r, 1) for r in ranks])),
        "accuracy@5": float(np.mean([ranking.hit_at(r, 5) for r in ranks])),
        "mean reciprocal rank": float(
            np.mean([ranking.reciprocal_rank(r) for r in ranks])
        ),
    }
