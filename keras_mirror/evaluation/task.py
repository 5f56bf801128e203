import dataclasses
from collections.abc import Callable
from collections.abc import Sized

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
    """What every benchmark has; see the folder `tasks` for the kinds of them.

    Args:
        name: String, what users call it, such as `"STS14"`.
        kind: String, such as `"sentence similarity"`. Tasks of one kind have
            an average.
        dropped: Tuple of `Dropped`.
        num_published: Integer, the number of items that its owners tell, or
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
        """What a reader of the numbers should know, a list of strings."""
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
