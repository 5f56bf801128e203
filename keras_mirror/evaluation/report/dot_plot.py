import plotly.graph_objects as go

from keras_mirror.evaluation.report.chart import colored
from keras_mirror.evaluation.report.chart import make_chart
from keras_mirror.evaluation.report.wording import chart_text
from keras_mirror.evaluation.report.wording import shortened

ROW_HEIGHT = 28
SPREAD = 0.44  # of a row, over which the models' dots are
LABEL_LENGTH = 22
LEGEND_LENGTH = 30


def dot_plot(rows, names):
    """Scores with their intervals, a row a line and a trace a model.

    Args:
        rows: List of `Row`.
        names: List of strings, the models.

    Returns:
        A chart, see `make_chart`.

    Example:

    >>> "before" in dot_plot([], ["before"])
    True
    """
    shifts = [
        SPREAD * ((m + 0.5) / len(names) - 0.5) for m in range(len(names))
    ]
    traces = [
        _trace(rows, model, name, color, shifts[model])
        for model, (color, name) in enumerate(colored(names))
    ]
    line_height = ROW_HEIGHT + 8 * len(names)
    return make_chart(
        traces,
        height=90 + line_height * len(rows),
        xaxis=dict(title="score × 100", zeroline=False, side="bottom"),
        yaxis=dict(
            tickvals=list(range(len(rows))),
            ticktext=[_label(row) for row in rows],
            range=[len(rows) - 0.5, -0.5],
            zeroline=False,
        ),
        legend=dict(orientation="h", y=1, yanchor="bottom", x=0),
        showlegend=True,
    )


def _label(row):
    return chart_text(shortened(row.task, LABEL_LENGTH)) + "  "


def _trace(rows, model, name, color, shift):
    shown = [
        (line, row, row.scores[model])
        for line, row in enumerate(rows)
        if row.scores[model].value is not None
    ]
    values = [score.value for _, _, score in shown]
    intervals = [
        score.interval or (value, value)
        for value, (_, _, score) in zip(values, shown, strict=True)
    ]
    return go.Scatter(
        name=chart_text(shortened(name, LEGEND_LENGTH)),
        mode="markers",
        x=[100 * value for value in values],
        y=[line + shift for line, _, _ in shown],
        marker=dict(color=color, size=9),
        error_x=dict(
            symmetric=False,
            array=_times_100(h - v for v, (_, h) in _zip(values, intervals)),
            arrayminus=_times_100(
                v - low for v, (low, _) in _zip(values, intervals)
            ),
            thickness=1.5,
            width=4,
        ),
        text=[chart_text(f"{r.task}, {r.metric}", 60) for _, r, _ in shown],
        customdata=[[100 * low, 100 * high] for low, high in intervals],
        hovertemplate="%{text}<br>%{x:.2f} [%{customdata[0]:.2f}, "
        "%{customdata[1]:.2f}]",
    )


def _zip(values, intervals):
    return zip(values, intervals, strict=True)


def _times_100(lengths):
    return [100 * max(0.0, length) for length in lengths]
