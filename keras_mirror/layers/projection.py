import keras
from keras import ops

from keras_mirror.arguments import check_integer


@keras.saving.register_keras_serializable(package="keras_mirror")
class Projection(keras.layers.Layer):
    """Maps embeddings linearly to another number of dimensions.

    The kernel trains as other layers do, so that a student can learn the
    vectors of a teacher that are longer or shorter than its own.
    `MirrorModel.reduced` sets and freezes it: `trainable` is then `False`, also
    in archives, and training changes only the layers before it. There is no
    bias, so `Centering` can stand before it.

    The kernel begins with orthogonal rows or columns, which distort the
    cosines between embeddings little.

    Args:
        dim: Positive integer, the number of dimensions of the outputs.
        **kwargs: Passed to `keras.layers.Layer`.

    Call arguments:
        embeddings: Tensor of shape `(batch_size, embedding_dim)`.

    Output shape:
        `(batch_size, dim)`, float32.

    Example:

    >>> projection = Projection(2)
    >>> projection(np.ones((5, 8))).shape[1]
    2
    """

    def __init__(self, dim: int, dtype="float32", **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        self.dim = check_integer("dim", dim)

    def build(self, embeddings_shape):
        # Float32, even in a model that computes in half precision.
        self.kernel = self.add_weight(
            (embeddings_shape[-1], self.dim),
            "orthogonal",
            autocast=False,
            name="kernel",
        )

    def call(self, embeddings):
        return ops.matmul(embeddings, self.kernel)

    def compute_output_shape(self, embeddings_shape):
        return (*embeddings_shape[:-1], self.dim)

    def get_config(self) -> dict:
        return {**super().get_config(), "dim": self.dim}
