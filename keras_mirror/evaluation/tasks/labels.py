import dataclasses
import warnings
from collections.abc import Callable
from collections.abc import Sequence

import numpy as np

from keras_mirror.evaluation.cosines import is_finite
from keras_mirror.evaluation.cosines import is_sparse
from keras_mirror.evaluation.cosines import nearest_row
from keras_mirror.evaluation.cosines import unit_rows
from keras_mirror.evaluation.score import Score
from keras_mirror.evaluation.statistics import Mean
from keras_mirror.evaluation.statistics import MutualInformation
from keras_mirror.evaluation.task import Result
from keras_mirror.evaluation.task import Task
from keras_mirror.evaluation.task import check_same_lengths
from keras_mirror.optional import import_optional

NUM_STARTS = 3
SEEDS = (0, 1)
NUM_TOPICS = 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelTask(Task):
    """Labeled texts, such as intents or subjects.

    There are two scores. 1-NN accuracy is how often the nearest training text
    (without training texts, the nearest other text) has the same label. NMI is
    the normalized mutual information of the labels and k-means clusters, as
    many as there are labels, averaged over two seeds. Clusters need the extra
    `[search]`; without it a remark says so.

    Args:
        labeled_texts: List of strings.
        labels: List of strings, the label of each text.
        training_texts: List of strings. Defaults to none.
        training_labels: List of strings, the label of each training text.

    Raises:
        ValueError: The number of labels differs from the number of texts, or is
            0.

    Example:

    >>> task = LabelTask(
    ...     name="pets",
    ...     labeled_texts=["a man", "two dogs run"],
    ...     labels=["people", "pets"],
    ...     training_texts=["a dog runs", "a man"],
    ...     training_labels=["pets", "people"],
    ... )
    >>> [result.metric for result in task.score(model.encode_text)]
    ['1-NN accuracy', 'cluster NMI']
    """

    kind: str = "labeled texts"
    labeled_texts: list[str]
    labels: list[str]
    training_texts: list[str] = dataclasses.field(default_factory=list)
    training_labels: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        check_same_lengths(labeled_texts=self.labeled_texts, labels=self.labels)
        if self.training_texts or self.training_labels:
            check_same_lengths(
                training_texts=self.training_texts,
                training_labels=self.training_labels,
            )
        elif len(self.labels) < 2:
            raise ValueError(
                "Without `training_texts` there must be at least two "
                f"`labeled_texts`. Received: {self.labeled_texts}"
            )

    def num_items(self) -> int:
        return len(self.labels)

    def texts(self) -> list[str]:
        return [*self.labeled_texts, *self.training_texts]

    def remarks(self) -> list[str]:
        remarks = super().remarks()
        if missing := _missing():
            remarks.append(f"no clusters: {missing}")
        return remarks

    def score(self, embed: Callable) -> list[Result]:
        rows = unit_rows(embed(self.labeled_texts))
        results = [self._neighbors(rows, embed)]
        if not _missing():
            results.append(self._clusters(rows))
        return results

    def _neighbors(self, rows, embed: Callable) -> Result:
        training, labels = None, self.labels
        if self.training_texts:
            training = unit_rows(embed(self.training_texts))
            labels = self.training_labels
        hits = [
            float(labels[place] == label)
            for place, label in zip(
                nearest_row(rows, training), self.labels, strict=True
            )
        ]
        known = rows if training is None else training
        if not (is_finite(rows) and is_finite(known)):
            # Diverged models have rows without neighbors.
            hits = [np.nan] * len(hits)
        return self.result(Mean(hits), "1-NN accuracy", len(hits))

    def _clusters(self, rows) -> Result:
        statistic: Callable = Mean([np.nan] * len(self.labels))
        if is_finite(rows):
            num_clusters = len(set(self.labels))
            statistic = _MeanOf(
                [
                    MutualInformation(self.labels, clusters)
                    for clusters in k_means(rows, num_clusters)
                ]
            )
        result = self.result(statistic, "cluster NMI", len(self.labels))
        return dataclasses.replace(result, score=centered(result.score))


def k_means(rows, num_clusters: int, seeds: Sequence[int] = SEEDS) -> list:
    """The clusters of rows, once for each seed. Needs the extra `[search]`.

    Sparse rows are first reduced to 100 singular vectors (latent semantic
    analysis), without which k-means finds little structure.

    Args:
        rows: Array or sparse matrix of shape `(n, embedding_dim)`, rows of
            length 1.
        num_clusters: Integer, at most `n`.
        seeds: Integers. Defaults to `(0, 1)`.

    Returns:
        A list of integer arrays of shape `(n,)`.

    Example:

    >>> rows = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    >>> [(of[0] == of).tolist() for of in k_means(rows, 2)]
    [[True, False, True], [True, False, True]]
    """
    if is_sparse(rows):
        rows = unit_rows(_topics(rows))
    cluster = import_optional("sklearn.cluster", "search")
    exceptions = import_optional("sklearn.exceptions", "search")
    with warnings.catch_warnings():
        # A warning of fewer different vectors than labels: the score shows it.
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
        return [
            cluster.KMeans(
                num_clusters, n_init=NUM_STARTS, random_state=seed
            ).fit_predict(rows)
            for seed in seeds
        ]


def _topics(rows):
    decomposition = import_optional("sklearn.decomposition", "search")
    num_topics = min(NUM_TOPICS, *rows.shape)
    svd = decomposition.TruncatedSVD(num_topics, random_state=SEEDS[0])
    return svd.fit_transform(rows)


class _MeanOf:
    def __init__(self, statistics: list[MutualInformation]) -> None:
        self._statistics = statistics

    def __call__(self, weights):
        return np.mean([of(weights) for of in self._statistics], axis=0)


def centered(score: Score) -> Score:
    """Shifts the resamples of a score so that their mean is its value.

    A resample has some texts twice and others not at all, which makes labels
    and clusters look more alike in every resample than in the whole.

    Args:
        score: A `Score`.

    Returns:
        A `Score`.

    Example:

    >>> centered(Score(0.5, np.array([0.7, 0.9]))).resamples.round(9).tolist()
    [0.4, 0.6]
    """
    if score.value is None:
        return score
    value = score.value

    def resample():
        resamples = score.resamples
        return resamples - np.nanmean(resamples) + value

    return Score(value, resample)


def _missing() -> str | None:
    """Why there are no clusters; `None` if there are."""
    try:
        import_optional("sklearn.cluster", "search")
    except ImportError as error:
        return str(error)
    return None
