"""What all charts have in common."""

import html
import itertools
import textwrap
from collections.abc import Iterable
from collections.abc import Iterator

import markupsafe
import plotly.graph_objects as go
import plotly.io

# Okabe and Ito's colors, told apart by color-blind people.
MODEL_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00")
POSITIVE_COLOR, RANDOM_COLOR = "#009E73", "#CC79A7"
TRANSPARENT = "rgba(0, 0, 0, 0)"


def colored(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of color and name.

    Example:

    >>> list(colored(["before"]))
    [('#0072B2', 'before')]
    """
    return zip(itertools.cycle(MODEL_COLORS), names, strict=False)


def make_chart(traces: list, height: int, **layout) -> markupsafe.Markup:
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


def shortened(text: str, length: int) -> str:
    """The beginning of a text, on one line.

    Example:

    >>> shortened("a man plays a guitar", 12)
    'a man plays…'
    """
    text = " ".join(text.split())
    if len(text) <= length:
        return text
    return text[: length - 1].rstrip() + "…"


def chart_text(text: str, width: int | None = None) -> str:
    """A text that a chart shows as it is.

    Plotly takes `<b>`, `<a href=...>` and `&lt;` in labels for markup.

    Args:
        text: String.
        width: Integer, where to break lines. Defaults to `None`: nowhere.

    Example:

    >>> chart_text("<b>a man</b>", width=8)
    '&lt;b&gt;a<br>man&lt;/b&gt;'
    """
    lines = textwrap.wrap(text, width) if width else [" ".join(text.split())]
    return "<br>".join(html.escape(line, quote=False) for line in lines)
