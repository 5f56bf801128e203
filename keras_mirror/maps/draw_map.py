import os

from keras_mirror.maps.page import write_page
from keras_mirror.maps.picture import write_picture
from keras_mirror.maps.text_map import TextMap
from keras_mirror.maps.text_map import make_map
from keras_mirror.search.encoded_texts import EncodedTexts
from keras_mirror.search.unit_embeddings import OnProgress


def draw_map(
    model,
    texts,
    html: str | os.PathLike[str] | None = None,
    png: str | os.PathLike[str] | None = None,
    num_clusters: int | None = None,
    threshold: float | None = None,
    seed: int = 0,
    batch_size: int | None = None,
    on_progress: OnProgress = None,
    prompt: str | None = None,
) -> TextMap:
    """Draws texts on a plane, near each other if they are similar in meaning.

    Clusters have colors and names. Needs the extra `[map]`.

    Args:
        model: A `MirrorModel`.
        texts: A list or array of strings, or an `Index` of this model.
        html: String, a page to write. It shows the text under the mouse, and
            has a search field. It contains the first 500 characters of each
            text. Defaults to `None`.
        png: String, a picture to write. Defaults to `None`.
        num_clusters, threshold: See `keras_mirror.search.cluster`.
        seed: Integer: the same seed gives the same map. Defaults to `0`.
        batch_size, on_progress, prompt: See `keras_mirror.search.cluster`.

    Returns:
        A `TextMap` with the positions.

    Raises:
        TypeError: An element is not a string.
        ValueError: An argument is out of range, or there is no text.
        ImportError: The extra `[map]` is not installed.

    Example:

    >>> texts = ["a man", "two dogs run", "a man", " "]
    >>> made = draw_map(model, texts, num_clusters=2)
    >>> made.texts, made.positions.shape
    (['a man', 'two dogs run'], (2, 2))
    """
    encoded = EncodedTexts.of(model, texts, batch_size, on_progress, prompt)
    made = make_map(encoded, num_clusters, threshold, seed)
    if html is not None:
        write_page(made, html)
    if png is not None:
        write_picture(made, png)
    return made
