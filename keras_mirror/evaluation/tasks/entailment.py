import dataclasses
from collections.abc import Callable

from keras_mirror.evaluation.cosines import pairwise_cosines
from keras_mirror.evaluation.statistics import AreaUnderCurve
from keras_mirror.evaluation.task import Result
from keras_mirror.evaluation.task import Task
from keras_mirror.evaluation.task import check_same_lengths


@dataclasses.dataclass(frozen=True, kw_only=True)
class EntailmentTask(Task):
    """Pairs of texts that belong together or do not, such as QNLI.

    The score is the area under the ROC curve of the cosine: how often a pair
    that belongs together is nearer than one that does not.

    Reference:
        - [Liu et al., 2021](https://arxiv.org/abs/2104.08027), figure 4

    Args:
        texts_1: List of strings, such as questions.
        texts_2: List of strings, such as answers.
        labels: List of booleans, whether the pair belongs together.

    Raises:
        ValueError: The lists have different lengths, or none of them.

    Example:

    >>> task = EntailmentTask(
    ...     name="QNLI",
    ...     texts_1=["a man", "a man"],
    ...     texts_2=["a man", "plays"],
    ...     labels=[True, False],
    ... )
    >>> task.score(model.encode_text)[0].score.value
    1.0
    """

    kind: str = "entailment"
    texts_1: list[str]
    texts_2: list[str]
    labels: list[bool]

    def __post_init__(self) -> None:
        check_same_lengths(
            texts_1=self.texts_1, texts_2=self.texts_2, labels=self.labels
        )

    def num_items(self) -> int:
        return len(self.labels)

    def texts(self) -> list[str]:
        return [*self.texts_1, *self.texts_2]

    def score(self, embed: Callable) -> list[Result]:
        cosines = pairwise_cosines(embed(self.texts_1), embed(self.texts_2))
        statistic = AreaUnderCurve(cosines, self.labels)
        return [self.result(statistic, "area under ROC", len(self.labels))]
