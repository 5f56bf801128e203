import math

import numpy as np
import plotly.graph_objects as go

from keras_mirror.evaluation.report.chart import chart_text
from keras_mirror.evaluation.report.chart import make_chart
from keras_mirror.evaluation.report.chart import shortened
from keras_mirror.evaluation.report.formatting import number
from keras_mirror.evaluation.task import TextEmbeddings
from keras_mirror.unit_rows import unit_rows

LABEL_LENGTH = 16
HOVER_WIDTH = 50
HEIGHT = 300


def heat_maps(
    embeddings: dict[str, TextEmbeddings], texts: list[str]
) -> dict[str, str]:
    """The cosines of a few texts with each other, on the same color scale.

    Example:

    >>> texts = ["a man", "a woman"]
    >>> maps = heat_maps({"model": TextEmbeddings(model, texts)}, texts)
    >>> list(maps)
    ['model']
    """
    cosines = {
        name: _cosines(embed(texts)) for name, embed in embeddings.items()
    }
    numbers = np.concatenate([values.ravel() for values in cosines.values()])
    numbers = numbers[np.isfinite(numbers)]
    lowest = math.floor(10 * min(numbers, default=0.0)) / 10
    return {
        name: _chart(values, texts, lowest) for name, values in cosines.items()
    }


def _cosines(embeddings):
    unit = unit_rows(embeddings).astype("float64")
    return unit @ unit.T


def _chart(cosines, texts: list[str], lowest: float) -> str:
    wrapped = [chart_text(text, HOVER_WIDTH) for text in texts]
    trace = go.Heatmap(
        z=cosines.round(4).tolist(),
        customdata=[
            [f"{one}<br>–<br>{other}" for other in wrapped] for one in wrapped
        ],
        hovertemplate="%{customdata}<br><b>%{z:.3f}</b><extra></extra>",
        text=[[_short(cosine) for cosine in row] for row in cosines],
        texttemplate="%{text}",
        textfont=dict(size=10),
        colorscale="Cividis",
        zmin=min(lowest, 0.9),
        zmax=1,
        xgap=1,
        ygap=1,
        showscale=False,  # the map shows the numbers
    )
    places = list(range(len(texts)))
    numbers = [str(place + 1) for place in places]
    labels = [
        f"{chart_text(shortened(text, LABEL_LENGTH))}  {place} "
        for text, place in zip(texts, numbers, strict=True)
    ]
    axis = dict(showgrid=False, zeroline=False, tickvals=places)
    return make_chart(
        [trace],
        HEIGHT,
        xaxis=dict(axis, ticktext=numbers, side="top"),
        yaxis=dict(axis, ticktext=labels, autorange="reversed"),
    )


def _short(cosine: float) -> str:
    """Shortens a text for a cell on a phone."""
    shown = number(cosine) if np.isfinite(cosine) else ""
    return shown.replace("0.", ".")
