from collections.abc import Callable
from collections.abc import Iterable

import numpy as np

from keras_mirror.encoder.encode import encode_in_chunks


class TextEmbeddings:
    """The embeddings of many texts by one model, each text encoded once.

    Args:
        model: A `MirrorModel`.
        texts: Iterable of strings, with repetitions.
        batch_size: Integer, texts per call of the encoder. Defaults to `64`.
        on_progress: Function of the number of texts just encoded. Defaults to
            `None`.

    Attributes:
        texts: List of the different strings.
        embeddings: Float32 array of shape `(len(texts), embedding_dim)`.
        num_cut: Integer, the number of texts cut at the model's length.

    Example:

    >>> embed = TextEmbeddings(model, ["a man", "a woman", "a man"])
    >>> len(embed.texts), len(embed(["a man", "a man", "a woman"]))
    (2, 3)
    """

    def __init__(
        self,
        model,
        texts: Iterable[str],
        batch_size: int = 64,
        on_progress: Callable[[int], object] | None = None,
    ) -> None:
        self.texts = list(dict.fromkeys(texts))
        chunks = encode_in_chunks(model, self.texts, batch_size, on_progress)
        embeddings, num_cut = zip(*chunks, strict=True)
        self.embeddings = np.concatenate(embeddings)
        self.num_cut = sum(num_cut)
        self._find = row_finder(self.texts, self.embeddings)

    def __call__(self, texts: Iterable[str]):
        return self._find(texts)


def row_finder(texts: Iterable[str], embeddings) -> Callable:
    """A function from any of `texts`, in any order, to their embeddings.

    Args:
        texts: Iterable of different strings.
        embeddings: Array of shape `(len(texts), embedding_dim)`.

    Returns:
        A function from an iterable of strings to an array.

    Example:

    >>> find = row_finder(["a man", "a woman"], np.array([[1], [2]]))
    >>> find(["a woman", "a man", "a woman"]).tolist()
    [[2], [1], [2]]
    """
    rows = {text: row for row, text in enumerate(texts)}
    return lambda asked: embeddings[[rows[text] for text in asked]]
