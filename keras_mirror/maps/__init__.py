"""Maps of texts: two dimensions, clusters with names, a page, a picture."""

from keras_mirror.maps.draw_map import draw_map
from keras_mirror.maps.text_map import TextMap

__all__ = ["TextMap", "draw_map"]
