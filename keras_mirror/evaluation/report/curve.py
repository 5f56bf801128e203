import plotly.graph_objects as go

from keras_mirror.evaluation.report.chart import MODEL_COLORS
from keras_mirror.evaluation.report.chart import make_chart
from keras_mirror.evaluation.report.wording import chart_text

MAX_POINTS = 2000
HEIGHT = 220


def curves(log):
    """A chart for each column of a training run; of a long run, every nth step.

    Args:
        log: Dict, see `read_training_log`.

    Returns:
        A dict from the columns' names to charts, see `make_chart`.

    Example:

    >>> list(curves({"step": [1.0, 2.0], "loss": [2.5, 2.25]}))
    ['loss']
    """
    return {
        name: _chart(name, _thinned(log["step"]), _thinned(values))
        for name, values in log.items()
        if name != "step"
    }


def _thinned(values):
    every = -(-len(values) // MAX_POINTS)
    last = len(values) - 1
    return values[last % every :: every]  # the last one is kept


def _chart(name, steps, values):
    trace = go.Scatter(
        x=steps,
        y=values,
        mode="lines" if len(steps) > 1 else "markers",
        line=dict(color=MODEL_COLORS[0], width=2),
        hovertemplate=f"step %{{x}}: {chart_text(name)} %{{y:.4f}}"
        "<extra></extra>",
    )
    return make_chart(
        [trace],
        HEIGHT,
        xaxis=dict(title="step", zeroline=False),
        yaxis=dict(zeroline=False, nticks=6, exponentformat="e"),
    )
