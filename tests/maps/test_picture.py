import dataclasses

import numpy as np
import pytest

from keras_mirror.maps.colors import COLORS
from keras_mirror.maps.picture import DOTS_PER_INCH
from keras_mirror.maps.picture import INCHES
from keras_mirror.maps.picture import write_picture
from keras_mirror.maps.text_map import TextMap

image = pytest.importorskip(
    "matplotlib.image", reason="the extra [map] is missing"
)
MAP = TextMap(
    ["a man", "man", "a dog", "dog", "alone"],
    [["1"], ["2"], ["3"], ["4"], ["5"]],
    np.array([[0, 0], [0.4, 0], [1, 1], [1, 0.5], [0.5, 0.2]], "float32"),
    ["$man_", "dog"],  # they stand between their points
    np.array([0, 0, 1, 1, 2]),
)


def write(tmp_path, **changes):
    path = tmp_path / "map.png"
    write_picture(dataclasses.replace(MAP, **changes), path)
    return image.imread(path)


def has_color(pixels, color):
    """Whether a point of this color is there, seven tenths on white."""
    rgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    seen = 0.7 * rgb + 0.3
    return (abs(pixels[..., :3] - seen).max(axis=-1) < 0.02).any()


def test_a_picture_of_its_size_and_colors(tmp_path):
    pixels = write(tmp_path)
    assert pixels.shape[:2] == tuple(
        DOTS_PER_INCH * size for size in reversed(INCHES)
    )
    assert has_color(pixels, COLORS[0]) and has_color(pixels, COLORS[1])
    assert not has_color(pixels, COLORS[2])
    assert (write(tmp_path) == pixels).all()


def test_names_that_would_cover_another_are_left_out(tmp_path):
    same = np.full((5, 2), 0.5, "float32")
    both = write(tmp_path, positions=same)
    one = write(tmp_path, positions=same, names=["$man_", "other"])
    assert (both == one).all()


def test_missing_characters_are_told(tmp_path):
    with pytest.warns(UserWarning, match="lacks characters of some names"):
        write(tmp_path, names=["\U000e0041\U00013000\ue000", "dog"])
