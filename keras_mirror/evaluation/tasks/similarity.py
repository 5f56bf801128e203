import dataclasses
from collections.abc import Callable

import numpy as np

from keras_mirror.arguments import is_number
from keras_mirror.evaluation.cosines import pairwise_cosines
from keras_mirror.evaluation.statistics import Pearson
from keras_mirror.evaluation.statistics import Spearman
from keras_mirror.evaluation.task import Result
from keras_mirror.evaluation.task import Task
from keras_mirror.evaluation.task import check_same_lengths


@dataclasses.dataclass(frozen=True, kw_only=True)
class SimilarityTask(Task):
    """Pairs of texts or words with similarities that people assigned.

    The cosine of a pair's embeddings is compared with its score over all pairs
    at once ("all" in the literature), and over each subset.

    Args:
        texts_1: List of strings.
        texts_2: List of strings.
        scores: List of floats, higher for more similar.
        subsets: List of strings, the part of the benchmark that a pair is from.
            Defaults to `None`: the benchmark has no parts.

    Raises:
        ValueError: The lists have different lengths, or none of them.

    Example:

    >>> task = SimilarityTask(
    ...     name="mine",
    ...     texts_1=["a man plays", "a man", "a woman plays"],
    ...     texts_2=["a man plays", "plays", "a man"],
    ...     scores=[5.0, 1.0, 2.0],
    ... )
    >>> [result.metric for result in task.score(model.encode_text)]
    ['Spearman', 'Pearson']
    """

    kind: str = "sentence similarity"
    texts_1: list[str]
    texts_2: list[str]
    scores: list[float]
    subsets: list[str] | None = None

    def __post_init__(self) -> None:
        check_same_lengths(
            texts_1=self.texts_1,
            texts_2=self.texts_2,
            scores=self.scores,
            subsets=self.scores if self.subsets is None else self.subsets,
        )
        for place, score in enumerate(self.scores):
            if not (is_number(score) and np.isfinite(score)):
                raise ValueError(
                    "`scores` must be finite numbers. "
                    f"Received: {score!r} at index {place}"
                )

    def num_items(self) -> int:
        return len(self.scores)

    def texts(self) -> list[str]:
        return [*self.texts_1, *self.texts_2]

    def cosines(self, embed: Callable):
        """The cosine of every pair, float64 of shape `(num_pairs,)`."""
        return pairwise_cosines(embed(self.texts_1), embed(self.texts_2))

    def score(self, embed: Callable) -> list[Result]:
        cosines = self.cosines(embed)
        scores = np.asarray(self.scores, dtype="float64")
        results = self._results("", cosines, scores)
        subsets = np.array(self.subsets or [])
        names = list(dict.fromkeys(self.subsets or []))
        for name in names if len(names) > 1 else []:
            rows = subsets == name
            results += self._results(name, cosines[rows], scores[rows])
        return results

    def _results(self, subset: str, cosines, scores) -> list[Result]:
        return [
            self.result(
                statistic(cosines, scores),
                statistic.__name__,
                len(scores),
                subset,
            )
            for statistic in (Spearman, Pearson)
        ]
