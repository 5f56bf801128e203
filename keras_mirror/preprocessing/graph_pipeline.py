import itertools

import keras_hub
import numpy as np

from keras_mirror.optional_tensorflow import tf
from keras_mirror.preprocessing.plain_text_tokenizer import PlainTextTokenizer

MAX_STRING_ID = 2**31 - 1  # of int32, JAX's integers


class GraphPipeline:
    """Preprocesses strings inside a TensorFlow graph.

    It gives the same ids as `PythonPipeline`, for `tf.data`.

    Args:
        plain_text: A `PlainTextTokenizer`.
        can_call_python: Boolean, whether the graph may call the `tokenizers`
            library through Python instead of ops. Ops can be exported, but
            tracing those of WordPiece takes a second, and those of byte pairs
            are quadratic in the length of a word and lose NUL bytes. Defaults
            to `True`.

    Raises:
        ValueError: Python may not be called, and the tokenizer is a
            `HuggingFaceTokenizer`, which has no ops.
    """

    def __init__(
        self, plain_text: PlainTextTokenizer, can_call_python: bool = True
    ) -> None:
        self.plain_text = plain_text
        self.special = plain_text.tokenizer
        calls_python = not plain_text.is_sentence_piece
        self.calls_python = can_call_python and calls_python
        if plain_text.is_hugging_face and not can_call_python:
            raise ValueError(
                "A graph that is written to files needs a tokenizer of "
                "keras-hub: one of the tokenizers library has no TensorFlow "
                "ops. The formats sentence-transformers, onnx and openvino "
                "hold this model. Received: "
                f"{type(plain_text.tokenizer).__name__}"
            )

    def tokenize(self, texts):
        """The ids as a ragged tensor, uncut and without special tokens."""
        with tf.init_scope():  # made outside of the graph
            replacements = self.plain_text.replacements
        if self.calls_python:
            return _called(self.plain_text, texts)
        with tf.init_scope():
            tokenizer = self.plain_text.graph_tokenizer
            _renew_resource(tokenizer)
        for pattern, replacement in replacements:
            texts = tf.strings.regex_replace(texts, pattern, replacement)
        return tf.cast(tokenizer(texts), "int32")

    def count_tokens(self, texts: list[str]):
        """The number of ids of every string, an integer array."""

        # Traced each time: a tokenizer's resource may be replaced in between.
        @tf.function(autograph=False)
        def count(texts):
            return self.tokenize(texts).row_lengths()

        return count(tf.constant(texts, "string")).numpy()

    def string_ids(self, texts):
        """Integers, equal for texts that differ only in case or white space."""
        texts = tf.strings.lower(texts, encoding="utf-8")
        texts = tf.strings.regex_replace(texts, r"[\s\p{Z}]+", " ")
        texts = tf.strings.strip(texts)
        ids = tf.strings.to_hash_bucket_fast(texts, MAX_STRING_ID)
        return tf.cast(ids, "int32")

    def tokenize_views(self, texts, left, right, is_masked):
        """The ids of both views: of the texts, and of the texts with masks."""
        # A masked span ends a word: what follows starts one.
        left = tf.where(is_masked, tf.strings.strip(left), left)
        right = tf.strings.join([" ", tf.strings.strip(right)])
        right = tf.where(is_masked, right, "")
        # One call for all three: each adds to the time of tracing.
        token_ids = self.tokenize(tf.concat([texts, left, right], axis=0))
        count = tf.shape(left)[0]
        view_1, left = token_ids[:count], token_ids[count : 2 * count]
        right = token_ids[2 * count :]
        num_masks = tf.cast(is_masked, "int64")
        mask_id = self.special.mask_token_id
        masks = tf.fill([tf.reduce_sum(num_masks)], mask_id)
        masks = tf.RaggedTensor.from_row_lengths(
            masks, num_masks, validate=False
        )
        return view_1, tf.concat([left, masks, right], axis=1)

    def pack(self, token_ids, length):
        """Cuts ids, adds special tokens and pads to `length` tokens."""
        is_static = isinstance(length, int)
        if is_static:
            most = self.plain_text.most_tokens(length)
        else:
            most = length - self.plain_text.num_special_tokens
        if self.plain_text.cuts_start:
            token_ids = token_ids[:, ::-1][:, :most][:, ::-1]
        else:
            token_ids = token_ids[:, :most]
        column = tf.ones_like(token_ids.row_lengths(), "int32")[:, tf.newaxis]
        prefix = [id * column for id in self.plain_text.prefix_ids]
        suffix = [id * column for id in self.plain_text.suffix_ids]
        token_ids = tf.concat([*prefix, token_ids, *suffix], axis=1)
        shape = (None, length) if is_static else tf.stack([-1, length])
        return {
            "token_ids": token_ids.to_tensor(
                self.special.pad_token_id, shape=shape
            ),
            "padding_mask": tf.sequence_mask(
                token_ids.row_lengths(), length, "int32"
            ),
        }

    def padded_length(self, batches, lengths: list[int]):
        """The smallest of `lengths` that holds all rows, or the last one."""
        if len(lengths) == 1:
            return lengths[0]  # known before the graph runs
        rows = tf.concat([batch.row_lengths() for batch in batches], axis=0)
        longest = tf.reduce_max(rows) + self.plain_text.num_special_tokens
        longest = tf.minimum(longest, lengths[-1])
        lengths = tf.constant(lengths, longest.dtype)
        index = tf.searchsorted(lengths, longest[tf.newaxis])[0]
        return tf.cast(lengths[index], "int32")


def _called(plain_text: PlainTextTokenizer, texts):
    """Calls a Python function from a graph; returns ids as a ragged tensor."""

    def flat_ids(texts):
        strings = [text.decode("utf-8", "replace") for text in texts]
        rows = plain_text(strings)
        flat = np.fromiter(itertools.chain.from_iterable(rows), "int32")
        return flat, np.array([len(row) for row in rows], "int64")

    flat, lengths = tf.numpy_function(
        flat_ids, [texts], ["int32", "int64"], stateful=False
    )
    flat.set_shape([None])
    lengths.set_shape([None])
    return tf.RaggedTensor.from_row_lengths(flat, lengths, validate=False)


def _renew_resource(tokenizer) -> None:
    # `keras.utils.set_random_seed` frees the resources of the ops of TensorFlow
    # Text 2.21: https://github.com/tensorflow/text/issues/570
    if isinstance(tokenizer, keras_hub.tokenizers.SentencePieceTokenizer):
        tokenizer.set_proto(tokenizer.proto)
