"""Numbers as the report shows them."""

from keras_mirror.evaluation.score import Score

UNDEFINED = "undefined"
MINUS = "\u2212"


def percent(value: float | None) -> str:
    """A share times 100, with two decimals.

    Example:

    >>> percent(0.5), percent(None)
    ('50.00', 'undefined')
    """
    return UNDEFINED if value is None else number(100 * value)


def percent_interval(score: Score) -> str:
    """The 95% interval of a `Score` times 100; empty if there is none.

    Example:

    >>> percent_interval(Score(0.5, np.array([0.4, 0.4, 0.6, 0.6])))
    '[40.00, 60.00]'
    """
    if score.interval is None:
        return ""
    low, high = score.interval
    return f"[{percent(low)}, {percent(high)}]"


def signed_percent(value: float | None) -> str:
    """A difference of shares times 100, with its sign.

    Example:

    >>> signed_percent(0.015), signed_percent(0.0)
    ('+1.50', '0.00')
    """
    shown = percent(value)
    is_positive = value is not None and value > 0 and float(shown) > 0
    return f"+{shown}" if is_positive else shown


def number(value: float, num_decimals: int = 2) -> str:
    """A rounded number with a real minus sign, never "minus zero".

    Example:

    >>> number(-0.001), number(1.2345, 3), number(float("nan"))
    ('0.00', '1.234', 'undefined')
    """
    if value != value:
        return UNDEFINED
    rounded = round(float(value), num_decimals) + 0.0
    return f"{rounded:.{num_decimals}f}".replace("-", MINUS)


def significant(value: float) -> str:
    """A number of any size, with three significant digits.

    Example:

    >>> significant(-1.23456), significant(1e-20)
    ('−1.23', '1e-20')
    """
    if value != value:
        return UNDEFINED
    shown = f"{value:.3g}"
    return MINUS + shown[1:] if value < 0 else shown
