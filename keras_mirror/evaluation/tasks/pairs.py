import dataclasses
from collections.abc import Callable

import numpy as np

from keras_mirror.evaluation import ranking
from keras_mirror.evaluation.cosines import is_finite
from keras_mirror.evaluation.statistics import Mean
from keras_mirror.evaluation.task import Result
from keras_mirror.evaluation.task import Task
from keras_mirror.evaluation.tasks.retrieval import RetrievalTask


@dataclasses.dataclass(frozen=True, kw_only=True)
class PairTask(Task):
    """Pairs of texts that belong together: the first one finds the second.

    Each different first text is a query once; if it has several partners, the
    nearest one counts. Candidates are all different second texts and the
    distractors. A candidate that equals the query is left out, unless it is its
    partner. In a tie, the partner comes last.

    Args:
        pairs: List of tuples of two strings.
        distractors: List of strings that are nobody's partner. Defaults to
            none.

    Raises:
        ValueError: There is no pair, or an element is not a pair of texts.

    Example:

    >>> task = PairTask(
    ...     name="mine",
    ...     pairs=[("a man", "a man plays"), ("two dogs", "two dogs run")],
    ...     distractors=["a woman"],
    ... )
    >>> [result.metric for result in task.score(model.encode_text)]
    ['MRR', 'accuracy@1']
    """

    kind: str = "known pairs"
    pairs: list[tuple[str, str]]
    distractors: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        is_pair = [isinstance(p, tuple) and len(p) == 2 for p in self.pairs]
        if not all(is_pair) or not is_pair:
            wrong = self.pairs[is_pair.index(False)] if is_pair else "none"
            raise ValueError(
                "`pairs` must be tuples of two texts, at least one. "
                f"Received: {wrong!r}"
            )

    def num_items(self) -> int:
        return len({query for query, _ in self.pairs})

    def texts(self) -> list[str]:
        queries, partners = zip(*self.pairs, strict=True)
        return [*queries, *partners, *self.distractors]

    def score(self, embed: Callable) -> list[Result]:
        search = self._search()
        ranks = [ranks for ranks, _ in search.ranks(embed)]
        columns = ranking.hits(ranks)
        if not is_finite(embed(search.texts())):
            columns = {name: [np.nan] * len(ranks) for name in columns}
        return [
            self.result(Mean(columns[name]), metric, len(ranks))
            for metric, name in (
                ("MRR", "mean reciprocal rank"),
                ("accuracy@1", "accuracy@1"),
            )
        ]

    def _search(self) -> RetrievalTask:
        partners = [partner for _, partner in self.pairs]
        documents = list(dict.fromkeys([*partners, *self.distractors]))
        places = {text: place for place, text in enumerate(documents)}
        relevance: dict[str, dict[int, float]] = {}
        for query, partner in self.pairs:
            relevance.setdefault(query, {})[places[partner]] = 1
        itself = {query: places.get(query, -1) for query in relevance}
        return RetrievalTask(
            name=self.name,
            queries=list(relevance),
            documents=documents,
            relevance=list(relevance.values()),
            ignored=[
                -1 if itself[query] in right else itself[query]
                for query, right in relevance.items()
            ],
        )
