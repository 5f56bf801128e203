import collections

import numpy as np

from keras_mirror.data.as_strings import as_strings
from keras_mirror.data.as_strings import batched

CHUNK_SIZE = 1024  # texts at a time
_SHORTEST = 1e-32  # as in model2vec; a text without tokens stays 0


class StaticEncoder:
    """Encodes a text as the mean of the stored vectors of its tokens.

    `load_static` makes one from a folder. Unknown tokens are left out, and
    texts are never cut. Vectors equal those of `model2vec.StaticModel`,
    rounding included.

    Args:
        embeddings: Array of shape `(num_rows, embedding_dim)`, float32,
            float16 or int8.
        tokenizer: A `tokenizers.Tokenizer`.
        normalize: Boolean, whether vectors get length 1. Defaults to `True`.
        unknown_id: Integer, the id of the tokens to leave out. Defaults to
            `None`: there are none.
        mapping: Integer array of shape `(num_tokens,)`, the row of every
            token id. Defaults to `None`: row 0 for id 0, and so on.
        weights: Float array of shape `(num_tokens,)`. Defaults to `None`: equal
            weights.

    Example:

    >>> import tokenizers
    >>> words = tokenizers.Tokenizer(
    ...     tokenizers.models.WordLevel({"a": 0, "man": 1, "?": 2}, "?")
    ... )
    >>> words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    >>> encoder = StaticEncoder(np.eye(3, 2, dtype="float32"), words)
    >>> encoder.encode_text(["a a", "man"]).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(
        self,
        embeddings,
        tokenizer,
        normalize: bool = True,
        unknown_id: int | None = None,
        mapping=None,
        weights=None,
    ) -> None:
        self.embeddings = embeddings
        self.tokenizer = tokenizer
        self.normalize = normalize
        self.unknown_id = unknown_id
        self.mapping = mapping
        self.weights = weights

    @property
    def embedding_dim(self) -> int:
        return self.embeddings.shape[1]

    def encode_text(self, text):
        """Turns texts into embeddings.

        Args:
            text: A string, or a list or array of strings.

        Returns:
            A float32 NumPy array of shape `(len(text), embedding_dim)`; a
            single string gives one row. A text without known tokens gets
            zeros.

        Raises:
            TypeError: An element is not a string.
        """
        texts = as_strings(text)
        shape = (len(texts), self.embedding_dim)
        embeddings = np.zeros(shape, "float32")
        for number, chunk in enumerate(batched(texts, CHUNK_SIZE)):
            first = number * CHUNK_SIZE
            self._encode(chunk, embeddings[first : first + len(chunk)])
        return embeddings

    def tokenize(self, texts: list[str]) -> list[list[int]]:
        """The ids of known tokens.

        Args:
            texts: A list of strings.

        Returns:
            A list of lists of integers.
        """
        rows = self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        unknown = self.unknown_id
        token_ids = [row.ids for row in rows]
        return [
            [id for id in ids if id != unknown] if unknown in ids else ids
            for ids in token_ids
        ]

    def _encode(self, texts: list[str], embeddings) -> None:
        """Writes the vectors of a few texts into the rows of an array."""
        token_ids = self.tokenize(texts)
        texts_of_length = collections.defaultdict(list)
        for row, ids in enumerate(token_ids):
            texts_of_length[len(ids)].append(row)
        texts_of_length.pop(0, None)
        for rows in texts_of_length.values():
            same_length = np.array([token_ids[row] for row in rows])
            embeddings[rows] = self._means(same_length)
        if self.normalize:
            lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
            embeddings /= lengths + _SHORTEST
            embeddings[:] = self._rounded(embeddings)

    def _means(self, token_ids):
        """The mean vectors of texts with the same number of tokens."""
        rows = token_ids if self.mapping is None else self.mapping[token_ids]
        vectors = self.embeddings[rows]
        if self.weights is not None:
            vectors = vectors * self.weights[token_ids][..., np.newaxis]
        return self._rounded(vectors.mean(axis=1))

    def _rounded(self, vectors):
        is_float = self.embeddings.dtype != np.int8
        return vectors.astype(self.embeddings.dtype) if is_float else vectors
