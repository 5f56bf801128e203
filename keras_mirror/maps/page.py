import base64
import os

import numpy as np

from keras_mirror.html_page import page_template
from keras_mirror.html_page import shortened
from keras_mirror.html_page import write_page_file
from keras_mirror.maps.colors import OF_NO_CLUSTER
from keras_mirror.maps.colors import colors_of
from keras_mirror.maps.text_map import TextMap
from keras_mirror.optional import import_optional
from keras_mirror.version import __version__

TEMPLATE = "page.html.jinja"
MAX_LENGTH = 500  # characters of a text that a page shows and searches in
MAX_IDS = 5
_FINEST = 2**16 - 1


def write_page(
    made: TextMap,
    path: str | os.PathLike[str],
    title: str = "Map of texts",
    overwrite: bool = True,
) -> None:
    """Writes a map as one HTML file that needs no network.

    Args:
        made: A `TextMap`.
        path: String, the file to write.
        title: String. Defaults to `"Map of texts"`.
        overwrite: Boolean, whether an existing file may be replaced. Defaults
            to `True`.

    Raises:
        FileExistsError: `path` exists, and `overwrite` is `False`.
        ImportError: The extra `[map]` is not installed.
    """
    write_page_file(path, render_page(made, title), overwrite)


def render_page(made: TextMap, title: str = "Map of texts") -> str:
    """The page of a map as a string of HTML, see `write_page`.

    The page contains texts as JSON and shows them as text, never as HTML.

    Example:

    >>> from keras_mirror.maps.text_map import TextMap
    >>> position = np.array([[0.5, 0.5]])
    >>> made = TextMap(["</script>"], [["1"]], position, [], np.array([0]))
    >>> "\\\\u003c/script\\\\u003e" in render_page(made)
    True
    """
    offline = import_optional("plotly.offline", "map")
    # Letters of all scripts are not escaped, which halves the size for many.
    policies = {"json.dumps_kwargs": {"ensure_ascii": False}}
    template = page_template("keras_mirror.maps", TEMPLATE, "map", **policies)
    centers = [made.center(number) for number in range(len(made.names))]
    return template.render(
        title=title,
        texts=[shortened(text, MAX_LENGTH) for text in made.texts],
        ids=[[*ids[:MAX_IDS], len(ids)] for ids in made.ids],
        clusters=list(
            zip(made.names, colors_of(centers), centers, strict=True)
        ),
        of_no_cluster=OF_NO_CLUSTER,
        positions=_base64(np.round(made.positions * _FINEST), "<u2"),
        numbers=_base64(made.numbers, "<u4"),
        plotly_js=_as_is(offline.get_plotlyjs()),
        version=__version__,
    )


def _as_is(script: str):
    return import_optional("markupsafe", "map").Markup(script)


def _base64(values, kind: str) -> str:
    return base64.b64encode(values.astype(kind).tobytes()).decode()
