import dataclasses
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sized

import numpy as np

from keras_mirror.encoder.encode import encode_in_chunks
from keras_mirror.evaluation.score import Score
from keras_mirror.evaluation.score import estimate


@dataclasses.dataclass(frozen=True)
class Dropped:
    """A row of a benchmark that does not count, and why.

    Args:
        path: String, the file.
        line: Integer, from 1.
        reason: String, such as `"no score"`.
    """

    path: str
    line: int
    reason: str


@dataclasses.dataclass(frozen=True)
class Result:
    """One number of one task.

    Args:
        subset: String, a part of the task or a way of scoring it; empty for
            the whole.
        metric: String, such as `"Spearman"`.
        num_items: Integer, the number of items that were scored.
        score: A `Score`.
    """

    subset: str
    metric: str
    num_items: int
    score: Score


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """The base class of benchmarks; the folder `tasks` has their kinds.

    Args:
        name: String, the usual name, such as `"STS14"`.
        kind: String, such as `"sentence similarity"`. Tasks of one kind have
            an average.
        dropped: Tuple of `Dropped`.
        num_published: Integer, the number of items that its owners state, or
            `None`.
    """

    name: str
    kind: str
    dropped: tuple[Dropped, ...] = ()
    num_published: int | None = None

    def texts(self) -> list[str]:
        """All strings that `score` will ask for, in any order."""
        raise NotImplementedError

    def score(self, embed: Callable) -> list[Result]:
        """Scores embeddings.

        Args:
            embed: Function from a list of strings to an array of shape
                `(len(strings), embedding_dim)`.

        Returns:
            A list of `Result`; the first one is the headline.
        """
        raise NotImplementedError

    def num_items(self) -> int:
        """The number of items, as its owners count them, before scoring."""
        raise NotImplementedError

    def remarks(self) -> list[str]:
        """A list of strings: what a reader of the numbers should know."""
        remarks = [
            f"{count} dropped, {reason} (first: {path}, line {line})"
            for reason, (count, path, line) in self._dropped_by_reason().items()
        ]
        num_items = self.num_items()
        if self.num_published not in (None, num_items):
            remarks.append(f"{num_items} of {self.num_published} published")
        return remarks

    def _dropped_by_reason(self) -> dict[str, tuple[int, str, int]]:
        reasons: dict[str, tuple[int, str, int]] = {}
        for row in self.dropped:
            count, path, line = reasons.get(row.reason, (0, row.path, row.line))
            reasons[row.reason] = count + 1, path, line
        return reasons

    def result(
        self, statistic: Callable, metric: str, num_items: int, subset: str = ""
    ) -> Result:
        """A `Result` with its bootstrap samples."""
        score = estimate(statistic, num_items, f"{self.name}/{subset}")
        return Result(subset, metric, num_items, score)


def check_same_lengths(**columns: Sized) -> None:
    """Raises a ValueError unless all columns have the same, positive length.

    Args:
        **columns: Lists by their names.
    """
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) != 1 or not all(lengths.values()):
        names = ", ".join(f"`{name}`" for name in columns)
        raise ValueError(
            f"{names} must have the same length, at least 1. "
            f"Received: {lengths}"
        )


class TextEmbeddings:
    """The embeddings of many texts by one model, each text encoded once.

    Args:
        model: A `MirrorModel`.
        texts: Iterable of strings, with repetitions.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `None`.
        on_progress: Function of the number of texts just encoded. Defaults to
            `None`.

    Attributes:
        texts: List of the different strings.
        embeddings: Float32 array of shape `(len(texts), embedding_dim)`.
        num_cut: Integer, the number of texts cut at the model's length.

    Example:

    >>> embed = TextEmbeddings(model, ["a man", "a woman", "a man"])
    >>> len(embed.texts), len(embed(["a man", "a man", "a woman"]))
    (2, 3)
    """

    def __init__(
        self,
        model,
        texts: Iterable[str],
        batch_size: int | None = None,
        on_progress: Callable[[int], object] | None = None,
    ) -> None:
        self.texts = list(dict.fromkeys(texts))
        chunks = encode_in_chunks(model, self.texts, batch_size, on_progress)
        embeddings, num_cut = zip(*chunks, strict=True)
        self.embeddings = np.concatenate(embeddings)
        self.num_cut = sum(num_cut)
        self._find = row_finder(self.texts, self.embeddings)

    def __call__(self, texts: Iterable[str]):
        return self._find(texts)


def row_finder(texts: Iterable[str], embeddings) -> Callable:
    """A function from some of `texts`, in any order, to their embeddings.

    Example:

    >>> find = row_finder(["a man", "a woman"], np.array([[1], [2]]))
    >>> find(["a woman", "a man", "a woman"]).tolist()
    [[2], [1], [2]]
    """
    rows = {text: row for row, text in enumerate(texts)}
    return lambda asked: embeddings[[rows[text] for text in asked]]
