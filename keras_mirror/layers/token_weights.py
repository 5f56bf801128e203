import keras
from keras import ops

from keras_mirror.arguments import check_integer
from keras_mirror.arguments import is_number
from keras_mirror.distribution import active_replicas


@keras.saving.register_keras_serializable(package="keras_mirror")
class TokenWeights(keras.layers.Layer):
    """Weighs tokens by their smooth inverse frequency.

    Frequent tokens say little about the meaning of a text. A token's weight is
    `smoothing / (smoothing + frequency)`. `MirrorModel` counts the tokens of
    every batch that it trains on; before that all weights are 1.

    Differs from the paper, which takes frequencies from a large corpus and
    removes a common direction from the embeddings.

    Reference:
        - [Arora et al., 2017](https://openreview.net/forum?id=SyK00v5xx),
          "A simple but tough-to-beat baseline for sentence embeddings"

    Args:
        vocabulary_size: Positive integer.
        smoothing: Positive float. Defaults to `1e-3`, the paper's.
        **kwargs: Passed to `keras.layers.Layer`.

    Call arguments:
        token_ids: Integer tensor of shape `(batch_size, sequence_length)`.
        padding_mask: Tensor of the same shape, true where a token is real.

    Output shape:
        `(batch_size, sequence_length)`, float32; 0 for padding.

    Example:

    >>> weights = TokenWeights(vocabulary_size=10, smoothing=0.5)
    >>> token_ids = np.array([[7, 7, 7, 8, 0]])
    >>> weights.count(token_ids, token_ids > 0)
    >>> ops.convert_to_numpy(weights(token_ids, token_ids > 0)).round(2)
    array([[0.4 , 0.4 , 0.4 , 0.67, 0.  ]], dtype=float32)
    """

    def __init__(
        self,
        vocabulary_size: int,
        smoothing: float = 1e-3,
        dtype="float32",
        **kwargs,
    ):
        super().__init__(dtype=dtype, **kwargs)
        vocabulary_size = check_integer("vocabulary_size", vocabulary_size)
        if not is_number(smoothing) or not smoothing > 0:
            raise ValueError(
                "`smoothing` must be a positive float. "
                f"Received: smoothing={smoothing!r}"
            )
        self.vocabulary_size = vocabulary_size
        self.smoothing = smoothing
        # Float32, even if `count` runs in a model of half precision.
        self.counts = self.add_weight(
            (vocabulary_size,),
            "zeros",
            trainable=False,
            autocast=False,
            name="counts",
        )

    def build(self, *input_shapes):
        self.built = True

    def call(self, token_ids, padding_mask):
        frequencies = self.counts / ops.maximum(ops.sum(self.counts), 1)
        weights = self.smoothing / (self.smoothing + frequencies)
        weights = ops.take(weights, token_ids, axis=0)
        return weights * ops.cast(padding_mask, weights.dtype)

    def count(self, token_ids, padding_mask) -> None:
        """Counts the real tokens of a batch on all devices."""
        is_real = ops.cast(ops.reshape(padding_mask, (-1,)), "float32")
        token_ids = ops.reshape(token_ids, (-1,))
        counts = ops.segment_sum(is_real, token_ids, self.vocabulary_size)
        self.counts.assign_add(active_replicas().all_reduce_sum(counts))

    def compute_output_shape(self, token_ids_shape, padding_mask_shape):
        return token_ids_shape

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "smoothing": self.smoothing,
        }
