import string

import keras
import keras_hub
import numpy as np

from keras_mirror.layers import RandomSpanMasking
from keras_mirror.plain_text import PlainTextTokenizer
from keras_mirror.text_files import as_strings

try:
    import tensorflow as tf
except ImportError:
    tf = None

# More than any backbone has positions: an archive cannot ask for terabytes.
MAX_SEQUENCE_LENGTH = 100_000


@keras.saving.register_keras_serializable(package="keras_mirror")
class MirrorPreprocessor(keras.layers.Layer):
    """Turns strings into a backbone's features, or into two views of them.

    Works with every tokenizer of keras-hub's text backbones. TensorFlow
    strings are processed in the graph, so that the layer and its `views` can
    be mapped over a `tf.data.Dataset` of batches; Python strings and NumPy
    arrays are processed in Python, without TensorFlow, to the same ids.

    Special tokens in a text stay text: the id of the mask is put between the
    tokens left and right of the masked span.

    Args:
        tokenizer: A `keras_hub.tokenizers.Tokenizer` with a start, an end and
            a padding token, and a mask token if spans are masked.
        sequence_length: Integer. Features are cut and padded to this many
            tokens, special ones included. Defaults to `50`, the paper's for
            sentences.
        span_length: Integer. The number of characters masked in the second
            view; `0` masks none. Defaults to `5`, the paper's for sentences.
        seed: Integer, for the spans. Defaults to `None`.
        **kwargs: Passed to `keras.layers.Layer`.

    Call arguments:
        inputs: A list or array of strings, or a string tensor of shape
            `(batch_size,)`.

    Output shape:
        A dict of `"token_ids"` and `"padding_mask"`, both int32 of shape
        `(batch_size, sequence_length)`.

    Example:

    >>> preprocessor = MirrorPreprocessor(tokenizer, sequence_length=8)
    >>> features = preprocessor(["a man plays", "a woman"])
    >>> features["padding_mask"].sum(axis=1).tolist()
    [5, 4]
    """

    def __init__(
        self,
        tokenizer,
        sequence_length=50,
        span_length=5,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        _check_special_tokens(tokenizer, with_mask=span_length)
        if not isinstance(sequence_length, int) or not (
            3 <= sequence_length <= MAX_SEQUENCE_LENGTH
        ):
            raise ValueError(
                "`sequence_length` must be an integer of 3 to "
                f"{MAX_SEQUENCE_LENGTH}. "
                f"Received: sequence_length={sequence_length!r}"
            )
        self.tokenizer = tokenizer
        self.sequence_length = sequence_length
        self.span_length = span_length
        self.seed = seed
        self.span_masking = None
        if span_length:
            self.span_masking = RandomSpanMasking(span_length, seed=seed)
        # Strings must reach `call` as they are, not as backend tensors.
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self._plain_text = PlainTextTokenizer(tokenizer)

    def build(self, input_shape=None):
        self.built = True

    def call(self, inputs):
        inputs = _without_eager_tensors(inputs)
        if _is_single(inputs):
            return _first(self.call(_batch_of_one(inputs)))
        if _is_tensor(inputs):
            return self._pack_tensor(self._tokenize_tensor(inputs))
        return self.pack(self.tokenize(inputs))

    def views(self, texts, seed=None):
        """Two views of the same strings: as they are, and with a masked span.

        Args:
            texts: As in a call.
            seed: Two integers that decide the spans, see
                `RandomSpanMasking.split`. Defaults to `None`.

        Returns:
            A tuple `(view_1, view_2)` of two dicts as a call returns them.
        """
        texts = _without_eager_tensors(texts)
        if _is_single(texts):
            views = self.views(_batch_of_one(texts), seed)
            return tuple(_first(view) for view in views)
        view_1 = self(texts)
        if self.span_masking is None:
            return view_1, dict(view_1)
        parts = self.span_masking.split(texts, seed)
        if _is_tensor(texts):
            return view_1, self._pack_tensor(self._join_tensor(*parts))
        return view_1, self.pack(self._join(*parts))

    def tokenize(self, texts):
        """Token ids of Python strings, without special tokens and uncut.

        Args:
            texts: A list or array of strings.

        Returns:
            A list of lists of integers.
        """
        return self._plain_text(as_strings(texts))

    def pack(self, token_ids, length=None):
        """Adds start and end, cuts, and pads lists of token ids to an array.

        Args:
            token_ids: A list of lists of integers.
            length: Integer, the width of the result. Defaults to `None`: the
                `sequence_length` of this layer.

        Returns:
            The features that a call returns, of shape `(batch_size, length)`.
        """
        length = length or self.sequence_length
        start = self.tokenizer.start_token_id
        end = self.tokenizer.end_token_id
        shape = (len(token_ids), length)
        packed = np.full(shape, self.tokenizer.pad_token_id, dtype="int32")
        padding_mask = np.zeros(shape, dtype="int32")
        for row, ids in enumerate(token_ids):
            ids = [start, *ids[: length - 2], end]
            packed[row, : len(ids)] = ids
            padding_mask[row, : len(ids)] = 1
        return {"token_ids": packed, "padding_mask": padding_mask}

    def get_config(self):
        tokenizer = keras.saving.serialize_keras_object(self.tokenizer)
        if hasattr(self.tokenizer, "split_on_cjk"):
            # keras-hub 0.32 leaves it out.
            tokenizer["config"]["split_on_cjk"] = self.tokenizer.split_on_cjk
        return {
            **super().get_config(),
            "tokenizer": tokenizer,
            "sequence_length": self.sequence_length,
            "span_length": self.span_length,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        tokenizer = keras.saving.deserialize_keras_object(config["tokenizer"])
        return cls(**{**config, "tokenizer": tokenizer})

    def _join(self, left, right, is_masked):
        mask = self.tokenizer.mask_token_id
        rows = zip(left, right, is_masked, strict=True)
        parts = [_apart(*row) if row[2] else row[:2] for row in rows]
        left = self.tokenize([left for left, _ in parts])
        right = self.tokenize([right for _, right in parts])
        return [
            [*before, mask, *after] if masked else before
            for before, after, masked in zip(
                left, right, is_masked, strict=True
            )
        ]

    def _join_tensor(self, left, right, is_masked):
        # A masked span ends a word: what follows starts one, as `_apart`.
        left = tf.where(is_masked, tf.strings.strip(left), left)
        right = tf.strings.join([" ", tf.strings.strip(right)])
        right = tf.where(is_masked, right, "")
        num_masks = tf.cast(is_masked, "int64")
        mask_id = self.tokenizer.mask_token_id
        masks = tf.fill([tf.reduce_sum(num_masks)], mask_id)
        masks = tf.RaggedTensor.from_row_lengths(masks, num_masks)
        left = self._tokenize_tensor(left)
        right = self._tokenize_tensor(right)
        return tf.concat([left, masks, right], axis=1)

    def _tokenize_tensor(self, texts):
        with tf.init_scope():  # made outside of the graph
            replacements = self._plain_text.replacements
            tokenizer = self._plain_text.cleaned_text_tokenizer
            _renew_resource(tokenizer)
        for pattern, replacement in replacements:
            texts = tf.strings.regex_replace(texts, pattern, replacement)
        if self._plain_text.lowers:
            texts = tf.strings.lower(texts, encoding="utf-8")
        return tf.cast(tokenizer(texts), "int32")

    def _pack_tensor(self, token_ids):
        start = self.tokenizer.start_token_id
        end = self.tokenizer.end_token_id
        column = tf.ones_like(token_ids.row_lengths(), "int32")[:, tf.newaxis]
        token_ids = token_ids[:, : self.sequence_length - 2]
        token_ids = tf.concat([start * column, token_ids, end * column], axis=1)
        lengths = token_ids.row_lengths()
        return {
            "token_ids": token_ids.to_tensor(
                self.tokenizer.pad_token_id,
                shape=(None, self.sequence_length),
            ),
            "padding_mask": tf.sequence_mask(
                lengths, self.sequence_length, "int32"
            ),
        }


def _apart(left, right, _):
    """The parts around a masked span, as words of their own.

    What follows the span starts a new word, so that a byte-pair or
    SentencePiece tokenizer sees the space that WordPiece does not need.
    """
    spaces = string.whitespace
    return left.strip(spaces), " " + right.strip(spaces)


def _check_special_tokens(tokenizer, with_mask):
    names = ["start_token_id", "end_token_id", "pad_token_id"]
    names += ["mask_token_id"] if with_mask else []
    missing = [name for name in names if not hasattr(tokenizer, name)]
    if missing:
        raise ValueError(
            "`tokenizer` must be a keras-hub tokenizer of a masked language "
            f"model. Received: tokenizer={type(tokenizer).__name__}, which "
            f"has no {', '.join(missing)}"
        )


def _renew_resource(tokenizer):
    # `keras.utils.set_random_seed` frees what the ops of TensorFlow Text 2.21
    # hold: https://github.com/tensorflow/text/issues/570
    if isinstance(tokenizer, keras_hub.tokenizers.SentencePieceTokenizer):
        tokenizer.set_proto(tokenizer.proto)


def _without_eager_tensors(inputs):
    # keras-hub's tokenizers give ragged tensors in a graph only.
    if not _is_tensor(inputs) or not tf.executing_eagerly():
        return inputs
    if inputs.shape.rank == 0:
        return inputs.numpy().decode("utf-8")
    return [text.decode("utf-8") for text in inputs.numpy()]


def _is_single(inputs):
    if _is_tensor(inputs):
        return inputs.shape.rank == 0
    return isinstance(inputs, str)


def _batch_of_one(text):
    return text[tf.newaxis] if _is_tensor(text) else [text]


def _first(features):
    return {name: feature[0] for name, feature in features.items()}


def _is_tensor(inputs):
    return tf is not None and tf.is_tensor(inputs)
