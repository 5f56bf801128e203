import collections
import dataclasses
import functools
from collections.abc import Callable
from collections.abc import Sequence

import numpy as np

from keras_mirror.evaluation import LabelTask
from keras_mirror.evaluation.cosines import cosine_blocks
from keras_mirror.evaluation.cosines import is_finite
from keras_mirror.evaluation.cosines import nearest_row
from keras_mirror.evaluation.cosines import unit_rows
from keras_mirror.evaluation.score import Score
from keras_mirror.evaluation.statistics import Mean
from keras_mirror.evaluation.statistics import MutualInformation
from keras_mirror.evaluation.task import Result
from keras_mirror.evaluation.tasks.labels import centered
from keras_mirror.evaluation.tasks.labels import k_means

SEEDS = range(5)
LABEL_AUC = "label AUC"
MAX_ROWS = 1000  # texts whose pairs are all used: half a million pairs


@dataclasses.dataclass(frozen=True, kw_only=True)
class FewLabelsTask(LabelTask):
    """Labels of a few texts, about fifty, as evidence for or against a model.

    There are three scores. "label AUC" is how often two texts with the same
    label are nearer to each other than two texts with different labels (the
    area under the ROC curve over pairs of texts). It uses every pair of up to
    1,000 texts, so it needs fewer texts than the other scores to tell models
    apart. "1-NN accuracy" is how often the nearest other text has the same
    label, for labels that occur twice. "cluster NMI" is that of `LabelTask`,
    averaged over five seeds of k-means. Two runs of k-means differ by half a
    point; the interval of the score includes this, since every bootstrap sample
    uses the clusters of one seed.

    Args:
        labeled_texts: List of different strings.
        labels: List of strings, the label of each text: at least two different
            ones, one of them twice.
        seed: Integer. Decides which texts "label AUC" draws. Defaults to `0`.

    Raises:
        ValueError: The numbers of texts and labels differ, no label repeats,
            all labels are the same, or there are training texts.

    Example:

    >>> task = FewLabelsTask(
    ...     name="pets",
    ...     labeled_texts=["a man", "two dogs run", "a woman", "a dog"],
    ...     labels=["people", "pets", "people", "pets"],
    ... )
    >>> [result.metric for result in task.score(model.encode_text)]
    ['label AUC', '1-NN accuracy', 'cluster NMI']
    """

    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        counts = collections.Counter(self.labels)
        if len(counts) < 2 or max(counts.values()) < 2:
            raise ValueError(
                "There must be at least two different labels, one of them of "
                f"two texts. Received: {len(counts)} different labels of "
                f"{len(self.labels)} texts"
            )
        if self.training_texts:
            raise ValueError(
                "`training_texts` must be empty: labeled texts are compared "
                f"with each other. Received: {len(self.training_texts)}"
            )

    def score(self, embed: Callable) -> list[Result]:
        rows = unit_rows(embed(self.labeled_texts))
        return [self._pairs(rows), *super().score(embed)]

    def _pairs(self, rows) -> Result:
        drawn = np.arange(len(self.labels))
        if len(drawn) > MAX_ROWS:
            generator = np.random.default_rng(self.seed)
            drawn = np.sort(generator.permutation(drawn)[:MAX_ROWS])
        statistic: Callable = Mean([np.nan] * len(drawn))
        if is_finite(rows):
            labels = [self.labels[row] for row in drawn]
            statistic = LabelAreaUnderCurve(rows[drawn], labels)
        return self.result(statistic, LABEL_AUC, len(drawn))

    def _neighbors(self, rows, embed: Callable) -> Result:
        labels = np.array(self.labels)
        counts = collections.Counter(self.labels)
        repeated = [counts[label] > 1 for label in self.labels]
        hits = (labels[nearest_row(rows)] == labels)[repeated].astype(float)
        if not is_finite(rows):
            hits[:] = np.nan
        return self.result(Mean(hits), "1-NN accuracy", len(hits))

    def _clusters(self, rows) -> Result:
        num_items = len(self.labels)
        if not is_finite(rows):
            undefined = Mean([np.nan] * num_items)
            return self.result(undefined, "cluster NMI", num_items)
        clusterings = k_means(rows, len(set(self.labels)), SEEDS)
        of_seeds = [MutualInformation(self.labels, c) for c in clusterings]
        everything = np.ones((1, num_items))
        value = float(np.mean([of(everything) for of in of_seeds]))
        statistic = functools.partial(_each_in_turn, of_seeds)
        result = self.result(statistic, "cluster NMI", num_items)
        score = Score(value, lambda: result.score.resamples)
        return dataclasses.replace(result, score=centered(score))


class LabelAreaUnderCurve:
    """How often rows of one label are nearer than rows of different labels.

    It weighs rows, not pairs, since pairs that share a row are not independent.
    The weight of a pair is the product of its rows' weights.

    Args:
        rows: Array or sparse matrix of shape `(n, embedding_dim)`, rows of
            length 1.
        labels: List of `n` labels.

    Example:

    >>> rows = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    >>> LabelAreaUnderCurve(rows, ["a", "a", "b"])(np.ones((1, 3)))
    array([1.])
    """

    def __init__(self, rows, labels: Sequence[str]) -> None:
        blocks = cosine_blocks(rows, rows)
        cosines = np.concatenate([block for _, block in blocks])
        codes = np.unique(labels, return_inverse=True)[1]
        first, second = np.triu_indices(len(labels), 1)
        near = cosines[first, second]
        is_right = codes[first] == codes[second]
        # In the order of cosines, pairs of one label have odd places; pairs of
        # different labels have the same place if they are equally near, else
        # even ones.
        levels = np.unique(near[is_right])
        places = np.searchsorted(levels, near, "left")
        places = places + np.searchsorted(levels, near, "right")
        self._num_places = 2 * len(levels) + 1
        self._sides = [
            (places[side], first[side], second[side])
            for side in (is_right, ~is_right)
        ]

    def __call__(self, weights):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.array([self._of_sample(row) for row in weights])

    def _of_sample(self, row):
        right, wrong = (
            np.bincount(places, row[first] * row[second], self._num_places)
            for places, first, second in self._sides
        )
        farther = np.cumsum(wrong) - wrong / 2
        return right @ farther / (right.sum() * wrong.sum())


def _each_in_turn(statistics: Sequence[Callable], weights):
    """Applies the statistics in turn, one per row of weights."""
    values = np.empty(len(weights))
    for place, statistic in enumerate(statistics):
        turn = slice(place, None, len(statistics))
        if len(values[turn]):
            values[turn] = statistic(weights[turn])
    return values
