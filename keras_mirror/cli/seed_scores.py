"""Scores over the seeds of a training: means and standard deviations."""

import statistics
from typing import NamedTuple

from keras_mirror.cli.evaluation_tables import full_name
from keras_mirror.cli.seed_names import without_seed
from keras_mirror.cli.sheet import Sheet

COLUMNS = ("task", "kind", "subset", "metric", "num_items", "model")


class SeedScore(NamedTuple):
    """The scores of one model, trained with several seeds.

    Args:
        values: List of floats, one per seed; `None` where it is undefined.

    Example:

    >>> str(SeedScore([0.5, 0.54])), str(SeedScore([0.5]))
    ('52.00 ± 2.83 (2)', '50.00')
    """

    values: list[float | None]

    @property
    def mean(self) -> float | None:
        defined = [value for value in self.values if value is not None]
        is_defined = len(defined) == len(self.values)
        return statistics.fmean(defined) if is_defined else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation of a sample; `None` for one seed."""
        if self.mean is None or len(self.values) < 2:
            return None
        return statistics.stdev(x for x in self.values if x is not None)

    def __str__(self) -> str:
        if self.mean is None:
            return "undefined"
        text = f"{100 * self.mean:.2f}"
        if self.deviation is None:
            return text
        return f"{text} ± {100 * self.deviation:.2f} ({len(self.values)})"


def grouped(names: list[str]) -> dict[str, list[int]]:
    """Places of models in an evaluation, by their names without a seed.

    Example:

    >>> grouped(["base", "a.seed1.keras", "a.seed2.keras"])
    {'base': [0], 'a.keras': [1, 2]}
    """
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        groups.setdefault(without_seed(name), []).append(place)
    return groups


def seed_sheets(evaluation) -> tuple[Sheet, Sheet]:
    """A table to read, values x 100, and one row per number for programs."""
    groups = grouped(list(evaluation.models))
    shown: list = []
    rows = []
    kind = None
    for row in evaluation.rows:
        scores = {
            name: SeedScore([row.scores[place].value for place in places])
            for name, places in groups.items()
        }
        if shown and row.kind != kind:
            shown.append(None)
        kind = row.kind
        facts = (row.task, row.kind, row.subset, row.metric, row.num_items)
        shown.append([full_name(row), row.metric, row.num_items])
        shown[-1] += map(str, scores.values())
        rows += [
            (*facts, name, x.mean, x.deviation, len(x.values))
            for name, x in scores.items()
        ]
    return (
        Sheet(["task", "metric", "n", *groups], shown),
        Sheet([*COLUMNS, "mean", "deviation", "num_seeds"], rows),
    )
