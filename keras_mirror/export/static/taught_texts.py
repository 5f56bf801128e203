from collections.abc import Callable
from collections.abc import Iterable

import numpy as np

from keras_mirror.data import sample_strings
from keras_mirror.encoder.encode import unit_chunks

MOST_TEXTS = 100_000
MOST_HELD_OUT = 1_000
_HELD_OUT = 10  # in a small corpus, one text in this many


class TaughtTexts:
    """Texts with the encoder's vectors; some are held out.

    Args:
        model: A `MirrorModel`.
        texts: Iterable of strings.
        seed: Integer, decides which texts are drawn and which are held out.
        tell: Function of the name of a step, the amount of work done, and the
            total.

    Attributes:
        texts, vectors: The texts to learn from, and a float16 array of their
            vectors, rows of length 1.
        held_out, held_out_vectors: The same for the held-out texts.

    Raises:
        ValueError: There are fewer than two different texts.

    Example:

    >>> texts = [f"man {number}" for number in range(30)]
    >>> taught = TaughtTexts(model, texts, 0, print)
    Encoding texts 30 30
    >>> len(taught.texts), len(taught.held_out)
    (27, 3)
    """

    def __init__(
        self,
        model,
        texts: Iterable[str],
        seed: int,
        tell: Callable[[str, int, int], object],
    ) -> None:
        drawn = sample_strings(texts, MOST_TEXTS, seed).strings
        if len(drawn) < 2:
            raise ValueError(
                "`texts` must hold at least two different texts. "
                f"Received: {len(drawn)}"
            )
        vectors = _encoded(model, drawn, tell)
        num_held_out = min(len(drawn) // _HELD_OUT, MOST_HELD_OUT)
        self.held_out = drawn[:num_held_out]
        self.held_out_vectors = vectors[:num_held_out]
        self.texts = drawn[num_held_out:]
        self.vectors = vectors[num_held_out:]


def _encoded(model, texts: list[str], tell: Callable) -> np.ndarray:
    num_encoded = 0

    def on_progress(count: int) -> None:
        nonlocal num_encoded
        num_encoded += count
        tell("Encoding texts", num_encoded, len(texts))

    chunks = unit_chunks(model, texts, on_progress=on_progress)
    return np.concatenate([chunk.astype("float16") for chunk in chunks])
