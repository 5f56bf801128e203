import dataclasses
from collections.abc import Callable

import numpy as np

from keras_mirror.evaluation import ranking
from keras_mirror.evaluation.statistics import Mean
from keras_mirror.evaluation.task import Result
from keras_mirror.evaluation.task import Task
from keras_mirror.evaluation.task import check_same_lengths
from keras_mirror.unit_rows import unit_rows

NUM_NEIGHBORS = 10  # as in Conneau et al.


@dataclasses.dataclass(frozen=True, kw_only=True)
class LexiconTask(Task):
    """Bilingual lexicon induction: finding the translation of a word.

    The candidates are all target words of the task, ranked by CSLS, which
    corrects the cosine for words that are near to all others. With training
    pairs there is a second score, after the source space was rotated onto the
    target space (Procrustes).

    Reference:
        - [Conneau et al., 2018](https://arxiv.org/abs/1710.04087), CSLS
        - [Glavaš et al., 2019](https://aclanthology.org/P19-1070/), test sets

    Args:
        pairs: List of pairs of strings, a word and its translation. A word with
            several translations has several pairs; finding one of them is
            enough.
        training_pairs: List of the same, for the rotation. Defaults to none.

    Raises:
        ValueError: There are no pairs.

    Example:

    >>> task = LexiconTask(
    ...     name="en-xx", pairs=[("man", "man"), ("woman", "woman")]
    ... )
    >>> task.score(model.encode_text)[0].metric
    'accuracy@1'
    """

    kind: str = "lexicon induction"
    pairs: list[tuple[str, str]]
    training_pairs: list[tuple[str, str]] = dataclasses.field(
        default_factory=list
    )

    def __post_init__(self) -> None:
        check_same_lengths(pairs=self.pairs)

    def num_items(self) -> int:
        return len(self.pairs)

    def texts(self) -> list[str]:
        return [
            word
            for pair in (*self.pairs, *self.training_pairs)
            for word in pair
        ]

    def score(
        self, embed: Callable, embed_target: Callable | None = None
    ) -> list[Result]:
        """Scores embeddings of one model for both languages, or of two.

        Args:
            embed: Function from a list of strings to an array.
            embed_target: The same for the words of the target language, of a
                model of that language. Defaults to `None`: `embed`.

        Returns:
            A list of `Result`.
        """
        embed_target = embed_target or embed
        sources, targets = self._words()
        embeddings_1 = unit_rows(embed(sources))
        embeddings_2 = unit_rows(embed_target(targets))
        dim_1, dim_2 = embeddings_1.shape[1], embeddings_2.shape[1]
        mappings = {"no mapping": np.eye(dim_1)}
        if self.training_pairs:
            words_1, words_2 = zip(*self.training_pairs, strict=True)
            mappings["Procrustes"] = procrustes(
                unit_rows(embed(list(words_1))),
                unit_rows(embed_target(list(words_2))),
            )
        elif dim_1 != dim_2:
            raise ValueError(
                "Without training pairs both models must have the same "
                f"embedding_dim. Received: {dim_1} and {dim_2}"
            )
        results = []
        for subset, mapping in reversed(mappings.items()):
            if mapping.shape[1] == dim_2:
                similarities = csls(embeddings_1 @ mapping, embeddings_2)
                results += self._results(subset, similarities)
        return results

    def _words(self) -> tuple[list[str], list[str]]:
        """The words to translate and all candidates, each once."""
        sources = dict.fromkeys(source for source, _ in self.pairs)
        everything = (*self.pairs, *self.training_pairs)
        targets = dict.fromkeys(target for _, target in everything)
        return list(sources), list(targets)

    def _results(self, subset: str, similarities) -> list[Result]:
        sources, targets = self._words()
        places = {target: index for index, target in enumerate(targets)}
        relevance: dict[str, dict[int, float]] = {word: {} for word in sources}
        for source, target in self.pairs:
            relevance[source][places[target]] = 1
        ranks = [
            ranking.relevant_ranks(row, grades)[0]
            for row, grades in zip(
                similarities, relevance.values(), strict=True
            )
        ]
        return [
            self.result(Mean(values), metric, len(values), subset)
            for metric, values in ranking.hits(ranks).items()
        ]


def procrustes(embeddings_1, embeddings_2):
    """The rotation that brings one set of embeddings nearest to another.

    Reference:
        - [Schönemann, 1966](https://doi.org/10.1007/BF02289451)

    Args:
        embeddings_1: Array of shape `(n, dim_1)`.
        embeddings_2: Array of shape `(n, dim_2)`.

    Returns:
        An array of shape `(dim_1, dim_2)`, for `embeddings_1 @ rotation`.

    Example:

    >>> embeddings = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> procrustes(embeddings, embeddings[::-1]).round(9).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    product = np.asarray(embeddings_1, "float64").T @ embeddings_2
    left, _, right = np.linalg.svd(product, full_matrices=False)
    return left @ right


def csls(sources, targets, num_neighbors: int = NUM_NEIGHBORS):
    """Cross-domain similarity local scaling.

    It is twice the cosine minus the mean cosines of both words with their
    nearest words of the other language.

    Reference:
        - [Conneau et al., 2018](https://arxiv.org/abs/1710.04087), section 2.3

    Args:
        sources: Array of shape `(n, embedding_dim)`.
        targets: Array of shape `(m, embedding_dim)`.
        num_neighbors: Integer. Defaults to `10`, the paper's.

    Returns:
        An array of shape `(n, m)`.

    Example:

    >>> csls([[1.0, 0.0]], [[1.0, 0.0]]).tolist()
    [[0.0]]
    """
    cosines = unit_rows(sources) @ unit_rows(targets).T
    of_sources = _mean_of_largest(cosines, num_neighbors)
    of_targets = _mean_of_largest(cosines.T, num_neighbors)
    return 2 * cosines - of_sources[:, None] - of_targets


def _mean_of_largest(rows, number: int):
    number = min(number, rows.shape[1])
    return np.partition(rows, -number, axis=1)[:, -number:].mean(axis=1)
