import plotly.graph_objects as go

from keras_mirror.evaluation.evaluate import ScoreRow
from keras_mirror.evaluation.report.chart import chart_text
from keras_mirror.evaluation.report.chart import colored
from keras_mirror.evaluation.report.chart import make_chart
from keras_mirror.evaluation.report.chart import shortened

ROW_HEIGHT = 28
SPREAD = 0.44  # height of a row, for the dots of all models
LABEL_LENGTH = 22
LEGEND_LENGTH = 30


def dot_plot(rows: list[ScoreRow], names: list[str]) -> str:
    """Scores with intervals: one line per row, one trace per model.

    Example:

    >>> "before" in dot_plot([], ["before"])
    True
    """
    shifts = [
        SPREAD * ((m + 0.5) / len(names) - 0.5) for m in range(len(names))
    ]
    traces = [
        _trace(rows, model, name=name, color=color, shift=shifts[model])
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


def _label(row: ScoreRow) -> str:
    return chart_text(shortened(row.task, LABEL_LENGTH)) + "  "


def _trace(
    rows: list[ScoreRow], model: int, name: str, color: str, shift: float
) -> go.Scatter:
    shown = []
    for line, row in enumerate(rows):
        score = row.scores[model]
        if score.value is not None:
            interval = score.interval or (score.value, score.value)
            shown.append((line, row, score.value, *interval))
    return go.Scatter(
        name=chart_text(shortened(name, LEGEND_LENGTH)),
        mode="markers",
        x=[100 * value for _, _, value, _, _ in shown],
        y=[line + shift for line, *_ in shown],
        marker=dict(color=color, size=9),
        error_x=dict(
            symmetric=False,
            array=[100 * max(0.0, high - v) for _, _, v, _, high in shown],
            arrayminus=[100 * max(0.0, v - low) for _, _, v, low, _ in shown],
            thickness=1.5,
            width=4,
        ),
        text=[chart_text(f"{r.task}, {r.metric}", 60) for _, r, *_ in shown],
        customdata=[[100 * low, 100 * high] for *_, low, high in shown],
        hovertemplate="%{text}<br>%{x:.2f} [%{customdata[0]:.2f}, "
        "%{customdata[1]:.2f}]",
    )
