from collections.abc import Callable

import numpy as np

from keras_mirror.export.static.taught_texts import TaughtTexts
from keras_mirror.export.static.token_vectors import token_vectors
from keras_mirror.export.static.token_weights import token_weights
from keras_mirror.export.static.tokenizer import static_tokenizer
from keras_mirror.export.static.tokenizer import text_tokens
from keras_mirror.export.static.training import trained
from keras_mirror.main_directions import main_directions

_MOST_VECTORS = 20_000  # for the main directions


class StaticTable:
    """A vector for every token that can occur in a text.

    Args:
        model: A `MirrorModel`.
        dimensions: Integer, the size of the vectors, at most the model's.
        tell: Function of the name of a step, the amount of work done, and the
            total.

    Attributes:
        tokenizer: A `tokenizers.Tokenizer`, see `static_tokenizer`.
        token_ids: List of integers, the ids that texts can have.
        vectors: Float32 array of shape `(len(token_ids), dimensions)`.

    Example:

    >>> table = StaticTable(model, 4, lambda *_: None)
    >>> table.vectors.shape == (len(table.token_ids), 4)
    True
    """

    def __init__(self, model, dimensions: int, tell: Callable) -> None:
        tokenizer = model.preprocessor.tokenizer
        self.tokenizer = static_tokenizer(tokenizer)
        self.token_ids = text_tokens(self.tokenizer)
        self.dimensions = dimensions
        self._num_ids = tokenizer.vocabulary_size()
        self._longest = model.preprocessor.max_text_tokens
        vectors = _encoded(model, self.token_ids, tell)
        self._encoded = vectors - vectors.mean(axis=0)
        weighted = self._weighted()
        self.vectors = weighted @ _directions(weighted, dimensions)

    def rows(self):
        """The vectors by token id: zeros for special and unknown tokens.

        Returns:
            A float32 array of shape `(num_ids, dimensions)`.
        """
        rows = np.zeros((self._num_ids, self.dimensions), "float32")
        rows[self.token_ids] = self.vectors
        return rows

    def fit(self, taught: TaughtTexts, seed: int, tell: Callable) -> None:
        """Fits the vectors so that their mean is close to the encoder's vector.

        Args:
            taught: A `TaughtTexts`.
            seed: Integer.
            tell: Function, see above.
        """
        places = self._places(taught.texts)
        counts = np.bincount(
            np.concatenate(places), minlength=len(self.token_ids)
        )
        sample = taught.vectors[:_MOST_VECTORS].astype("float32")
        directions = _directions(sample, self.dimensions)
        vectors = self._weighted(counts) @ directions
        lengths = np.linalg.norm(vectors[counts > 0], axis=1)
        vectors /= max(float(np.sqrt(np.mean(lengths**2))), 1e-12)
        rows = [row for row, place in enumerate(places) if len(place)]
        self.vectors = trained(
            vectors,
            directions.T,
            [places[row] for row in rows],
            taught.vectors[rows],
            seed=seed,
            on_step=lambda done, number: tell("Fitting", done, number),
        )

    def _weighted(self, counts=None):
        weights = token_weights(len(self.token_ids), counts)
        return self._encoded * weights[:, np.newaxis].astype("float32")

    def _places(self, texts: list[str]) -> list:
        """The rows of the tokens of texts, cut where the encoder cuts."""
        place_of_id = np.full(self._num_ids, -1)
        place_of_id[self.token_ids] = np.arange(len(self.token_ids))
        rows = self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        places = (
            place_of_id[np.array(row.ids[: self._longest], dtype=int)]
            for row in rows
        )
        return [place[place >= 0] for place in places]


def _directions(vectors, dimensions: int):
    vectors = np.asarray(vectors, "float64")
    return main_directions(vectors.T @ vectors, dimensions).astype("float32")


def _encoded(model, token_ids: list[int], tell: Callable):
    num_encoded = 0

    def on_progress(count: int) -> None:
        nonlocal num_encoded
        num_encoded += count
        tell("Encoding tokens", num_encoded, len(token_ids))

    return token_vectors(model, token_ids, on_progress)
