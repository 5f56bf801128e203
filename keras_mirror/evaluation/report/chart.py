"""What all charts have in common."""

import itertools

import markupsafe
import plotly.graph_objects as go
import plotly.io

# Okabe and Ito's colors, told apart by color-blind people.
MODEL_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00")
POSITIVE_COLOR, RANDOM_COLOR = "#009E73", "#CC79A7"
TRANSPARENT = "rgba(0, 0, 0, 0)"


def colored(names):
    """Pairs of color and name.

    Example:

    >>> list(colored(["before"]))
    [('#0072B2', 'before')]
    """
    return zip(itertools.cycle(MODEL_COLORS), names, strict=False)


def make_chart(traces, height, **layout):
    """A Plotly figure in JSON, for a `<script>` of the page.

    The page's style sheet colors its texts and lines, for light and dark.

    Args:
        traces: List of Plotly traces.
        height: Integer, in pixels.
        **layout: Fields of `plotly.graph_objects.Layout`.

    Returns:
        A string that needs no escaping.

    Example:

    >>> chart = make_chart([go.Scatter(x=[1], y=["</script>"])], height=100)
    >>> "</script>" in chart
    False
    """
    figure = go.Figure(traces)
    figure.update_layout(
        template="none",
        height=height,
        margin=dict(l=8, r=8, t=8, b=8),
        paper_bgcolor=TRANSPARENT,
        plot_bgcolor=TRANSPARENT,
        font=dict(family="system-ui, sans-serif", size=12),
        dragmode=False,
        **layout,
    )
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(
            automargin=True,
            fixedrange=True,
            ticks="outside",  # a distance, not a line
            tickcolor=TRANSPARENT,
        )
    # The standard library's writer takes half characters, and escapes "<".
    return markupsafe.Markup(plotly.io.to_json(figure, engine="json"))
