import os
import warnings

import numpy as np

from keras_mirror.atomic_output import atomic_output
from keras_mirror.html_page import shortened
from keras_mirror.maps.colors import OF_NO_CLUSTER
from keras_mirror.maps.colors import colors_of
from keras_mirror.maps.text_map import TextMap
from keras_mirror.optional import import_optional

INCHES = (10, 8)
DOTS_PER_INCH = 200
MAX_LENGTH = 40  # characters of a name
# Installed fonts are searched in this order for a character.
FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Hiragino Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Noto Sans",
    "Arial Unicode MS",
)


def write_picture(
    made: TextMap, path: str | os.PathLike[str], overwrite: bool = True
) -> None:
    """Writes a map as a PNG picture: points in the colors of their clusters.

    Names that would cover others are left out, names of small clusters first.

    Args:
        made: A `TextMap`.
        path: String, the file to write.
        overwrite: Boolean, whether an existing file may be replaced. Defaults
            to `True`.

    Raises:
        FileExistsError: `path` exists, and `overwrite` is `False`.
        ImportError: The extra `[map]` is not installed.
    """
    figure_module = import_optional("matplotlib.figure", "map")
    agg = import_optional("matplotlib.backends.backend_agg", "map")
    figure = figure_module.Figure(INCHES, DOTS_PER_INCH, layout="constrained")
    canvas = agg.FigureCanvasAgg(figure)
    axes = figure.add_subplot(aspect="equal", frame_on=False)
    axes.set(xticks=[], yticks=[])
    _draw_points(axes, made)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _draw_names(axes, canvas, made)
        with atomic_output(path, overwrite=overwrite) as unfinished:
            figure.savefig(unfinished, format="png", metadata={"Software": ""})
    if any("missing from font" in str(each.message) for each in caught):
        warnings.warn(
            "The picture lacks characters of some names: no font that has "
            "them was found. Install one, such as Noto Sans CJK",
            stacklevel=2,
        )


def _draw_points(axes, made: TextMap) -> None:
    colors = np.array([*_colors(made), OF_NO_CLUSTER])
    size = float(np.clip(60_000 / len(made.texts), 0.6, 30))
    axes.scatter(
        *made.positions.T,
        s=size,
        c=colors[made.numbers],
        alpha=0.7,
        linewidths=0,
    )


def _colors(made: TextMap) -> list[str]:
    numbers = range(len(made.names))
    return colors_of([made.center(number) for number in numbers])


def _draw_names(axes, canvas, made: TextMap) -> None:
    manager = import_optional("matplotlib.font_manager", "map")
    effects = import_optional("matplotlib.patheffects", "map")
    found = set(manager.get_font_names())
    families = [name for name in FONTS if name in found]
    outline = [effects.withStroke(linewidth=2.5, foreground="white")]
    canvas.draw()  # fixes the place of the axes
    taken: list = []
    for number, name in enumerate(made.names):
        shown = axes.text(
            *made.center(number),
            shortened(name, MAX_LENGTH),
            ha="center",
            va="center",
            fontsize=8,
            fontfamily=families or None,
            fontweight="bold",
            path_effects=outline,
            parse_math=False,
        )
        box = shown.get_window_extent(canvas.get_renderer())
        if any(box.overlaps(other) for other in taken):
            shown.remove()
        else:
            taken.append(box)
