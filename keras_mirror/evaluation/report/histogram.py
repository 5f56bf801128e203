import dataclasses

import numpy as np
import plotly.graph_objects as go

from keras_mirror.evaluation.report.chart import POSITIVE_COLOR
from keras_mirror.evaluation.report.chart import RANDOM_COLOR
from keras_mirror.evaluation.report.chart import make_chart
from keras_mirror.evaluation.report.pairs import cosines_of_pairs
from keras_mirror.evaluation.report.pairs import positive_pairs
from keras_mirror.evaluation.report.pairs import random_pairs
from keras_mirror.evaluation.task import TextEmbeddings
from keras_mirror.evaluation.tasks import SimilarityTask

NUM_BINS = 40
HEIGHT = 260


@dataclasses.dataclass(frozen=True)
class Histogram:
    """How far related and random texts are apart, for one model.

    Args:
        name: String, the model.
        positive: Float, the mean cosine of the related pairs.
        random: Float, the mean cosine of the random ones.
        chart: String.
    """

    name: str
    positive: float
    random: float
    chart: str

    @property
    def gap(self) -> float:
        """The mean cosine of related texts minus that of random ones."""
        return self.positive - self.random


def histograms(
    embeddings: dict[str, TextEmbeddings], tasks: list[SimilarityTask]
) -> list[Histogram]:
    """A `Histogram` for each model that has cosines, on the same axes.

    Random pairs are drawn from the texts of one task, as many as it has related
    pairs: a word is far from a sentence, whatever they mean.

    Example:

    >>> task = SimilarityTask(
    ...     name="mine", texts_1=["a man"], texts_2=["a woman"], scores=[1]
    ... )
    >>> embeddings = {"model": TextEmbeddings(model, task.texts())}
    >>> abs(histograms(embeddings, [task])[0].gap) < 1e-6  # the only pair
    True
    """
    kinds = _pairs_of_kinds(tasks)
    cosines = {}
    for name, embed in embeddings.items():
        of_kinds = [cosines_of_pairs(embed, pairs) for pairs in kinds]
        if all(len(values) for values in of_kinds):
            cosines[name] = of_kinds
    if not cosines:
        return []
    edges = _edges([values for pair in cosines.values() for values in pair])
    shares = {
        name: [_shares(values, edges) for values in of_kinds]
        for name, of_kinds in cosines.items()
    }
    top = max(max(map(max, of_kinds)) for of_kinds in shares.values())
    return [
        Histogram(
            name=name,
            positive=float(cosines[name][0].mean()),
            random=float(cosines[name][1].mean()),
            chart=_chart(edges, of_kinds, top),
        )
        for name, of_kinds in shares.items()
    ]


def _pairs_of_kinds(
    tasks: list[SimilarityTask],
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    related: list[tuple[str, str]] = []
    unrelated: list[tuple[str, str]] = []
    for seed, task in enumerate(tasks):
        pairs = positive_pairs(task)
        related += pairs
        unrelated += random_pairs(task.texts(), len(pairs), seed)
    return related, unrelated


def _edges(arrays: list):
    lowest = np.floor(10 * min(values.min() for values in arrays)) / 10
    return np.linspace(min(lowest, 0.9), 1, NUM_BINS + 1)


def _shares(values, edges) -> list[float]:
    # Rounding makes cosines a little above 1.
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return (100 * counts / len(values)).tolist()


def _chart(edges, shares: list[list[float]], top: float) -> str:
    width = edges[1] - edges[0]
    traces = [
        go.Bar(
            name=name,
            x=(edges[:-1] + width / 2).round(6).tolist(),
            y=percentages,
            width=float(width),
            marker=dict(color=color, opacity=0.65, line_width=0),
            hovertemplate="cosine %{x:.2f}: %{y:.1f}%",
        )
        for name, color, percentages in zip(
            ("related", "random"),
            (POSITIVE_COLOR, RANDOM_COLOR),
            shares,
            strict=True,
        )
    ]
    return make_chart(
        traces,
        HEIGHT,
        barmode="overlay",
        bargap=0,
        xaxis=dict(title="cosine", range=[float(edges[0]), 1], zeroline=False),
        yaxis=dict(
            zeroline=False, ticksuffix="%", range=[0, 1.05 * top], nticks=5
        ),
        legend=dict(orientation="h", y=1, yanchor="bottom", x=0),
    )
