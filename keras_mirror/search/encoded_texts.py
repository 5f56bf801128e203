import functools
import os
from collections.abc import Callable
from collections.abc import Iterable

import numpy as np

from keras_mirror.data import as_strings
from keras_mirror.forward.forward_encoder import check_encoder
from keras_mirror.search.index import Index
from keras_mirror.search.unit_embeddings import OnProgress
from keras_mirror.search.unit_embeddings import unit_embeddings
from keras_mirror.store.distinct_texts import DistinctTexts
from keras_mirror.store.index_folder import open_index
from keras_mirror.store.store import Store


class EncodedTexts:
    """Texts and their embeddings, encoded on demand or from an index.

    Args:
        texts: List of strings; row `i` is text `i`.
        ids: List of strings, the names of the texts.
        embed: Function of no arguments that returns a float32 array of shape
            `(num_different_texts, embedding_dim)`, rows of length 1: one row
            per different text that is not only white space, in the order of
            first appearance.

    Attributes:
        distinct: The different texts, as `DistinctTexts`.

    Example:

    >>> encoded = EncodedTexts.of(model, ["a man", " ", "a man"])
    >>> encoded.texts, encoded.ids, encoded.embeddings.shape[0]
    (['a man', ' ', 'a man'], ['1', '2', '3'], 1)
    """

    def __init__(
        self, texts: Iterable[str], ids: list[str], embed: Callable
    ) -> None:
        self.distinct = DistinctTexts(texts)
        self.ids = ids
        self._embed = embed

    @classmethod
    def of(
        cls,
        model,
        texts,
        batch_size: int | None = None,
        on_progress: OnProgress = None,
        prompt: str | None = None,
    ) -> "EncodedTexts":
        """Wraps texts, which are encoded when embeddings are needed.

        Args:
            model: A `MirrorModel`.
            texts: A list or array of strings, or an `Index` of this model,
                whose embeddings are taken.
            batch_size, on_progress, prompt: See `Index.add`.

        Raises:
            TypeError: `model` is something else, or an element is no string.
            ValueError: The index has another model.
        """
        check_encoder(model)
        if isinstance(texts, Index):
            if texts.model is not model:
                raise ValueError(
                    "`model` must be the model of the index, `index.model`. "
                    "Received: another model"
                )
            return cls.of_store(texts._store)
        strings = as_strings(texts)
        ids = [str(number) for number in range(1, len(strings) + 1)]
        encoded = cls(
            strings,
            ids,
            lambda: unit_embeddings(
                model,
                list(encoded.distinct),
                batch_size,
                on_progress,
                prompt,
            ),
        )
        return encoded

    @classmethod
    def of_index(cls, path: str | os.PathLike[str]) -> "EncodedTexts":
        """Takes the texts, ids and embeddings of an index, without Keras.

        Raises:
            ValueError: It is damaged, or something else.
        """
        return cls.of_store(open_index(path))

    @classmethod
    def of_store(cls, store: Store) -> "EncodedTexts":
        """As `of_index`, of a `Store`."""
        documents, embeddings = store.contents()
        slots = list(dict.fromkeys(s for _, s in documents if s >= 0))
        return cls(
            (document.text for document, _ in documents),
            [document.id for document, _ in documents],
            lambda: _rows(embeddings, slots),
        )

    @property
    def texts(self) -> list[str]:
        return self.distinct.texts

    @functools.cached_property
    def embeddings(self):
        """Float32 array of shape `(num_different_texts, embedding_dim)`."""
        return self._embed()


def _rows(embeddings, slots: list[int]):
    if slots == list(range(len(slots))):
        return embeddings[: len(slots)]  # only what is read is in memory
    return embeddings[np.asarray(slots, int)]
