import numpy as np

from keras_mirror.maps.colors import COLORS
from keras_mirror.maps.colors import colors_of


def test_few_clusters_have_colors_of_their_own():
    centers = np.zeros((len(COLORS), 2))
    assert colors_of(centers) == list(COLORS)


def test_clusters_of_one_color_are_far_apart():
    number = len(COLORS) + 1
    centers = np.stack([np.arange(number), np.zeros(number)], axis=1)
    assert colors_of(centers)[-1] == COLORS[0]
    assert colors_of(centers[::-1])[-1] == COLORS[0]
    centers[-1] = centers[0]
    assert colors_of(centers)[-1] == COLORS[-1]


def test_no_clusters():
    assert colors_of([]) == []
