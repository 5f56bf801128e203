import keras
import numpy as np

from keras_mirror.arguments import check_integer
from keras_mirror.arguments import chosen_seed
from keras_mirror.optional_tensorflow import is_tensor
from keras_mirror.optional_tensorflow import tf


@keras.saving.register_keras_serializable(package="keras_mirror")
class RandomSpanMasking(keras.layers.Layer):
    """Replaces one random run of characters of every string by a mask token.

    This is the only change that Mirror-BERT makes to a text: one view of a
    string keeps all its characters, the other loses `span_length` of them.
    Every position is equally likely. A character is a unicode code point, so no
    character is ever cut in half.

    TensorFlow strings are masked inside the graph, all strings of a batch at
    once, so the layer can be mapped over a `tf.data.Dataset`. Python strings
    and NumPy arrays are masked in Python, without TensorFlow.

    Differs from the original: that one removes the *first occurrence* of the
    drawn characters, never draws the last position, and puts spaces around
    the mask token.

    Reference:
        - [Liu et al., 2021](https://arxiv.org/abs/2104.08027), section 2.1

    Args:
        span_length: Positive integer. The number of characters to replace.
            Defaults to `5`, the paper's for sentences; the paper takes `2`
            for phrases.
        mask_token: String to put in their place. Defaults to `"[MASK]"`.
        min_length: Integer. Strings with fewer characters stay unchanged, and
            so do strings that the span would cover completely. Defaults to
            `30`, as in the original code.
        seed: Integer. With a seed, a new layer repeats the same draws.
            Defaults to `None`.
        **kwargs: Passed to `keras.layers.Layer`.

    Call arguments:
        inputs: A string, a list or array of strings, or a string tensor of
            any shape.

    Example:

    >>> masking = RandomSpanMasking(span_length=5, seed=0)
    >>> masked = masking("A man is playing a guitar on a stage.")
    >>> len(masked) == 37 - 5 + len("[MASK]")
    True
    """

    def __init__(
        self,
        span_length: int = 5,
        mask_token: str = "[MASK]",
        min_length: int = 30,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not isinstance(mask_token, str):
            raise ValueError(
                "`mask_token` must be a string. "
                f"Received: mask_token={mask_token!r}"
            )
        self.span_length = check_integer("span_length", span_length)
        self.mask_token = mask_token
        self.min_length = check_integer("min_length", min_length, smallest=0)
        self.seed = seed
        # Strings must reach `call` as they are, not as backend tensors.
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self._generator = np.random.default_rng(chosen_seed(seed))
        self._tensor_generator: tf.random.Generator | None = None

    def build(self, input_shape=None):
        self.built = True

    def call(self, inputs):
        left, right, is_masked = self.split(inputs)
        if is_tensor(inputs):
            masked = tf.strings.join([left, self.mask_token, right])
            return tf.where(is_masked, masked, inputs)
        masked = [
            left + self.mask_token + right if mask else left
            for left, right, mask in zip(left, right, is_masked, strict=True)
        ]
        return masked[0] if isinstance(inputs, str) else masked

    def split(self, inputs, seed=None):
        """Cuts every string around its span, which is left out.

        A tokenizer's caller can put the mask's id between the two parts, so
        that no string has to be searched for mask tokens.

        Args:
            inputs: As in a call.
            seed: Two integers (an integer tensor of shape `(2,)` inside a
                graph) that decide the draws. Defaults to `None`: draws come
                from the layer's own random generator.

        Returns:
            A tuple `(left, right, is_masked)` of the shape of `inputs`. For a
            string that is not masked, `left` is the whole string and `right`
            is empty.
        """
        if is_tensor(inputs):
            return self._split_tensor(inputs, self._draw_tensor(inputs, seed))
        texts = [inputs] if isinstance(inputs, str) else list(inputs)
        generator = self._generator
        if seed is not None:
            generator = np.random.default_rng(seed)
        return self._split_texts(texts, generator.random(len(texts)))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "span_length": self.span_length,
            "mask_token": self.mask_token,
            "min_length": self.min_length,
            "seed": self.seed,
        }

    def _draw_tensor(self, texts, seed):
        shape = tf.shape(texts)
        if seed is not None:
            return tf.random.stateless_uniform(shape, seed, dtype="float64")
        if self._tensor_generator is None:
            # A variable outside the graph: an op with a seed would restart in
            # every epoch of a dataset.
            with tf.init_scope(), tf.device("cpu"):
                self._tensor_generator = tf.random.Generator.from_seed(
                    self._generator.integers(2**63)
                )
        return self._tensor_generator.uniform(shape, dtype="float64")

    def _split_tensor(self, texts, uniforms):
        length = tf.strings.length(texts, unit="UTF8_CHAR")
        is_masked = (length >= self.min_length) & (length > self.span_length)
        num_starts = tf.cast(length - self.span_length + 1, "float64")
        start = tf.cast(uniforms * num_starts, "int32")
        start = tf.where(is_masked, start, length)
        end = tf.where(is_masked, start + self.span_length, length)
        zero = tf.zeros_like(start)
        left = tf.strings.substr(texts, zero, start, unit="UTF8_CHAR")
        right = tf.strings.substr(texts, end, length - end, unit="UTF8_CHAR")
        return left, right, is_masked

    def _split_texts(self, texts: list[str], uniforms):
        lefts, rights, are_masked = [], [], []
        for text, uniform in zip(texts, uniforms, strict=True):
            length = len(text)
            is_masked = length >= self.min_length and length > self.span_length
            start = int(uniform * (length - self.span_length + 1))
            lefts.append(text[:start] if is_masked else text)
            rights.append(text[start + self.span_length :] if is_masked else "")
            are_masked.append(is_masked)
        return lefts, rights, are_masked
