"""Numbers and texts as the report shows them."""

import html
import textwrap

UNDEFINED = "undefined"
MINUS = "\u2212"


def percent(value):
    """A share times 100, with two decimals.

    Example:

    >>> percent(0.5), percent(None)
    ('50.00', 'undefined')
    """
    return UNDEFINED if value is None else number(100 * value)


def percent_interval(score):
    """The 95% interval of a `Score` times 100; empty if there is none.

    Example:

    >>> from keras_mirror.evaluation.score import Score
    >>> percent_interval(Score(0.5, np.array([0.4, 0.4, 0.6, 0.6])))
    '[40.00, 60.00]'
    """
    if score.interval is None:
        return ""
    low, high = score.interval
    return f"[{percent(low)}, {percent(high)}]"


def signed_percent(value):
    """A difference of shares times 100, with its sign.

    Example:

    >>> signed_percent(0.015), signed_percent(0.0)
    ('+1.50', '0.00')
    """
    shown = percent(value)
    is_positive = value is not None and value > 0 and float(shown) > 0
    return f"+{shown}" if is_positive else shown


def number(value, num_decimals=2):
    """A rounded number with a real minus sign, never "minus zero".

    Example:

    >>> number(-0.001), number(1.2345, 3), number(float("nan"))
    ('0.00', '1.234', 'undefined')
    """
    if value != value:
        return UNDEFINED
    rounded = round(float(value), num_decimals) + 0.0
    return f"{rounded:.{num_decimals}f}".replace("-", MINUS)


def significant(value):
    """A number of any size, with three significant digits.

    Example:

    >>> significant(-1.23456), significant(1e-20)
    ('−1.23', '1e-20')
    """
    if value != value:
        return UNDEFINED
    shown = f"{value:.3g}"
    return MINUS + shown[1:] if value < 0 else shown


def shortened(text, length):
    """The beginning of a text, on one line.

    Example:

    >>> shortened("a man plays a guitar", 12)
    'a man plays…'
    """
    text = " ".join(text.split())
    if len(text) <= length:
        return text
    return text[: length - 1].rstrip() + "…"


def chart_text(text, width=None):
    """A text that a chart shows as it is.

    Plotly takes `<b>`, `<a href=...>` and `&lt;` in labels for markup.

    Args:
        text: String.
        width: Integer, where to break lines. Defaults to `None`: nowhere.

    Returns:
        A string.

    Example:

    >>> chart_text("<b>a man</b>", width=8)
    '&lt;b&gt;a<br>man&lt;/b&gt;'
    """
    lines = textwrap.wrap(text, width) if width else [" ".join(text.split())]
    return "<br>".join(html.escape(line, quote=False) for line in lines)
