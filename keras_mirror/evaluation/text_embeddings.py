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
        vectors: Float32 array of shape `(len(texts), embedding_dim)`.
        num_cut: Integer, the number of texts cut at the model's length.

    Example:

    >>> embed = TextEmbeddings(model, ["a man", "a woman", "a man"])
    >>> len(embed.texts), len(embed(["a man", "a man", "a woman"]))
    (2, 3)
    """

    def __init__(self, model, texts, batch_size=64, on_progress=None):
        self.texts = list(dict.fromkeys(texts))
        self.num_cut = 0
        chunks = []
        for chunk, num_cut in encode_in_chunks(model, self.texts, batch_size):
            chunks.append(chunk)
            self.num_cut += num_cut
            if on_progress is not None:
                on_progress(len(chunk))
        self.vectors = np.concatenate(chunks)
        self._rows = {text: row for row, text in enumerate(self.texts)}

    def __call__(self, texts):
        return self.vectors[[self._rows[text] for text in texts]]
