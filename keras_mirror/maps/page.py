import base64
import os

import numpy as np

from keras_mirror.atomic_output import atomic_output
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
    page = render_page(made, title)
    with atomic_output(path, overwrite=overwrite) as unfinished:
        # Half a character, which UTF-8 cannot hold, becomes "?".
        with open(
            unfinished, "w", encoding="utf-8", errors="replace", newline="\n"
        ) as file:
            file.write(page)


def render_page(made: TextMap, title: str = "Map of texts") -> str:
    """The page of a map as a string of HTML, see `write_page`.

    Texts stand in it as JSON, which the page shows as text, never as HTML.

    Example:

    >>> from keras_mirror.maps.text_map import TextMap
    >>> position = np.array([[0.5, 0.5]])
    >>> made = TextMap(["</script>"], [["1"]], position, [], np.array([0]))
    >>> "\\\\u003c/script\\\\u003e" in render_page(made)
    True
    """
    jinja2 = import_optional("jinja2", "map")
    offline = import_optional("plotly.offline", "map")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("keras_mirror.maps", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Letters of all scripts as they are: half the size for many.
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    centers = [made.center(number) for number in range(len(made.names))]
    return environment.get_template(TEMPLATE).render(
        title=title,
        texts=[_cut(text) for text in made.texts],
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


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"
