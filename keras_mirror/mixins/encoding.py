import keras
import numpy as np

from keras_mirror.data.read_corpus import is_strings
from keras_mirror.encoder.encode import encode_ids
from keras_mirror.encoder.encode import encode_text
from keras_mirror.encoder.jitted_call import is_jitted
from keras_mirror.encoder.jitted_call import jitted_call
from keras_mirror.forked import check_not_forked
from keras_mirror.lock import Lock
from keras_mirror.unit_rows import all_cosines


def _check_features(caller: str, inputs) -> None:
    if is_strings(inputs):
        raise TypeError(
            f"{caller} takes the features of `model.preprocessor`. For texts "
            f"use `model.encode_text(texts)`. Received: {type(inputs).__name__}"
        )


class EncodingMixin(keras.Model):
    """Turns texts into embeddings.

    It adds `encode_text`, `encode_ids` and `similarity`, and guards Keras's own
    ways to call a model: threads take turns, and texts in place of features are
    refused. It needs the model's `encoder`, `preprocessor` and `_running`.
    """

    _running: Lock

    def encode_text(
        self, text, batch_size: int | None = None, prompt: str | None = None
    ):
        """Turns texts into embeddings; cuts them at the `sequence_length`.

        An embedding does not depend on the other texts, except with
        `"padded_mean"`. Several threads may call it at once, also while another
        model trains, but not while this one trains. A process that was forked
        after a model was made cannot encode, except on PyTorch with one thread.

        Args:
            text: A string, or a list or array of strings.
            batch_size: Integer, texts of `sequence_length` tokens per call of
                the encoder; a call takes more texts if they are shorter.
                Defaults to `None`: 64, or fewer if such a call would not fit
                into free memory.
            prompt: String, the name of one of `preprocessor.prompts`, which
                is put before every text. Defaults to `None`: the default
                prompt, if the model has one.

        Returns:
            A float32 NumPy array of shape `(len(text), embedding_dim)`; a
            single string gives one row. Rows are not normalized.

        Raises:
            TypeError: An element is not a string.
            ValueError: There is no prompt of this name, or an embedding holds
                NaN or infinity.
            RuntimeError: This process was forked after a model was made.

        Example:

        >>> model.encode_text(["a man plays", "a woman plays"]).shape[0]
        2
        """
        return encode_text(self, text, batch_size, prompt)

    def encode_ids(
        self, token_ids: list[list[int]], batch_size: int | None = None
    ):
        """As `encode_text`, for the result of `preprocessor.tokenize`.

        Args:
            token_ids: List of lists of integers, without special tokens.
            batch_size: See `encode_text`. Defaults to `None`.

        Returns:
            As `encode_text`.

        Example:

        >>> model.encode_ids([[7, 8], [9]]).shape[0]
        2
        """
        return encode_ids(self, token_ids, batch_size)

    def similarity(self, embeddings_1, embeddings_2):
        """Computes the cosines of all rows of one array with all of another.

        Args:
            embeddings_1: Array of shape `(n, embedding_dim)`.
            embeddings_2: Array of shape `(m, embedding_dim)`.

        Returns:
            A float32 NumPy array of shape `(n, m)`.

        Raises:
            ValueError: An array is not a matrix, or the two differ in
                `embedding_dim`.

        Example:

        >>> model.similarity(np.eye(2, 8), np.eye(3, 8)).shape
        (2, 3)
        """
        return all_cosines(embeddings_1, embeddings_2)

    def predict(self, x, *args, **kwargs):
        """Computes embeddings of features, as `keras.Model.predict` does."""
        check_not_forked()
        _check_features("`predict`", x)
        with self._running:  # on JAX, Keras takes the weights meanwhile
            return super().predict(x, *args, **kwargs)

    def predict_on_batch(self, x):
        """Computes embeddings of a batch; several threads may call it."""
        check_not_forked()
        if is_jitted(self):
            return np.asarray(jitted_call(self)(x))
        return super().predict_on_batch(x)

    def __getattr__(self, name: str):
        # Called only for missing attributes. PyTorch's modules have one too.
        if name == "encode":
            raise AttributeError(
                "A `MirrorModel` encodes texts with `encode_text`. Received: "
                "`model.encode`"
            )
        find = getattr(super(), "__getattr__", None)
        if find is None:
            raise AttributeError(
                f"'{type(self).__name__}' object has no attribute '{name}'"
            )
        return find(name)

    def __call__(self, inputs, *args, **kwargs):
        _check_features("A call of the model", inputs)
        return super().__call__(inputs, *args, **kwargs)
