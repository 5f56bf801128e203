import keras
from keras import ops

from keras_mirror.recipes import POOLING_MODES


@keras.saving.register_keras_serializable(package="keras_mirror")
class SentencePooling(keras.layers.Layer):
    """Turns the vectors of a text's tokens into one vector.

    Computes in float32 by default: a mean over fifty bfloat16 vectors would
    lose precision.

    Reference:
        - [Liu et al., 2021](https://arxiv.org/abs/2104.08027), appendix B

    Args:
        pooling_mode: String. `"cls"` takes the first token, `"mean"` averages
            the real tokens, `"max"` takes the largest value of the real
            tokens in each dimension. `"padded_mean"` averages padding too,
            as the original code's `mean` does. It makes a vector depend on
            the padding of its batch, and is here for comparison. Defaults to
            `"cls"`, the paper's choice except for BERT on sentences.
        **kwargs: Passed to `keras.layers.Layer`.

    Call arguments:
        sequence_output: Tensor of shape
            `(batch_size, sequence_length, embedding_dim)`.
        padding_mask: Integer or boolean tensor of shape
            `(batch_size, sequence_length)`; true where a token is real.
        token_weights: Float tensor of the same shape, 0 for padding: makes
            `"mean"` a weighted mean. Defaults to `None`: equal weights.

    Output shape:
        `(batch_size, embedding_dim)`.

    Example:

    >>> pooling = SentencePooling("mean")
    >>> tokens = np.array([[[1.0], [3.0], [100.0]]])
    >>> float(pooling(tokens, np.array([[1, 1, 0]]))[0, 0])
    2.0
    """

    def __init__(self, pooling_mode: str = "cls", dtype="float32", **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        if pooling_mode not in POOLING_MODES:
            raise ValueError(
                f"`pooling_mode` must be one of {POOLING_MODES}. "
                f"Received: pooling_mode={pooling_mode!r}"
            )
        self.pooling_mode = pooling_mode

    def call(self, sequence_output, padding_mask, token_weights=None):
        if self.pooling_mode == "cls":
            return sequence_output[:, 0, :]
        if self.pooling_mode == "padded_mean":
            return ops.mean(sequence_output, axis=1)
        is_real = ops.cast(ops.expand_dims(padding_mask, axis=-1), "bool")
        if self.pooling_mode == "max":
            lowest = -float("inf")
            return ops.max(ops.where(is_real, sequence_output, lowest), axis=1)
        tokens = ops.where(is_real, sequence_output, 0)
        weights = ops.cast(is_real, tokens.dtype)
        if token_weights is not None:
            weights = ops.expand_dims(token_weights, axis=-1)
            tokens = tokens * weights
        total_weight = ops.sum(weights, axis=1)
        return ops.sum(tokens, axis=1) / ops.maximum(total_weight, 1e-12)

    def compute_output_shape(
        self,
        sequence_output_shape,
        padding_mask_shape,
        token_weights_shape=None,
    ):
        return (sequence_output_shape[0], sequence_output_shape[-1])

    def get_config(self) -> dict:
        return {**super().get_config(), "pooling_mode": self.pooling_mode}
