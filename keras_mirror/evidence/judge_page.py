import base64
import hashlib
import json

from keras_mirror.evidence.judge import BlindPairs
from keras_mirror.evidence.sign_test import MIN_CHOICES
from keras_mirror.evidence.sign_test import SIGNIFICANCE
from keras_mirror.html_page import page_template
from keras_mirror.html_page import shortened

TEMPLATE = "judge_page.html.jinja"
MAX_LENGTH = 2000  # characters shown of a text: enough to judge a long document


def render_judge_page(blind: BlindPairs, names: tuple[str, str]) -> str:
    """Makes an HTML page on which a person judges blind pairs, offline.

    The page saves the reader's choices, counts them at the end, and offers them
    as JSON for `count_answers`.

    Args:
        blind: `BlindPairs`.
        names: Tuple of two strings, the encoders. They can be read in the page
            only at the end.

    Returns:
        A string.

    Raises:
        ImportError: Jinja is not installed.

    Example:

    >>> from keras_mirror.evidence.judge import BlindPair
    >>> pair = BlindPair("</script>", ["a man"], ["a dog"], True)
    >>> page = render_judge_page(BlindPairs([pair], 1, 0), ("mine", "other"))
    >>> "a man" in page, "mine" in page, "\\u003c/script\\u003e" in page
    (True, False, True)
    """
    template = page_template("keras_mirror.evidence", TEMPLATE, "report")
    pairs = [
        {
            "query": _cut(pair.query),
            "left": list(map(_cut, pair.left)),
            "right": list(map(_cut, pair.right)),
        }
        for pair in blind.pairs
    ]
    key = _hidden([names, [pair.first_is_left for pair in blind.pairs]])
    return template.render(
        pairs=pairs,
        key=key,
        # The same page continues when it is opened again; another one starts
        # anew.
        name=hashlib.sha256(
            f"{pairs}{key}".encode(errors="replace")
        ).hexdigest(),
        num_searched=blind.num_searched,
        num_same=blind.num_same,
        min_choices=MIN_CHOICES,
        significance=SIGNIFICANCE,
    )


def _hidden(key: object) -> str:
    """Encodes names so that they cannot be read at a glance."""
    return base64.b64encode(json.dumps(key).encode()).decode()


def _cut(text: str) -> str:
    return shortened(text, MAX_LENGTH)
