import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_mirror")
class Whitening(keras.layers.Layer):
    """Multiplies embeddings by a stored matrix that equalizes all directions.

    The embeddings of a language model vary in a few directions far more than
    in all others, so that these few decide every cosine. Whitened, all
    directions count alike. The matrix is the identity until it is set, and
    training does not change it: see `MirrorModel.whitened`.

    Reference:
        - [Su et al., 2021](https://arxiv.org/abs/2103.15316), who subtract the
          mean first

    Args:
        **kwargs: Passed to `keras.layers.Layer`.

    Call arguments:
        embeddings: Tensor of shape `(batch_size, embedding_dim)`.

    Output shape:
        That of `embeddings`, float32.

    Example:

    >>> whitening = Whitening()
    >>> whitening.build((None, 2))
    >>> _ = whitening.kernel.assign([[1.0, 0.0], [0.0, 3.0]])
    >>> float(whitening(np.array([[2.0, 2.0]]))[0, 1])
    6.0
    """

    def __init__(self, dtype="float32", **kwargs):
        super().__init__(dtype=dtype, **kwargs)

    def build(self, embeddings_shape):
        # Float32, even in a model that computes in half precision.
        self.kernel = self.add_weight(
            (embeddings_shape[-1], embeddings_shape[-1]),
            "identity",
            trainable=False,
            autocast=False,
            name="kernel",
        )

    def call(self, embeddings):
        return ops.matmul(embeddings, self.kernel)

    def compute_output_shape(self, embeddings_shape):
        return embeddings_shape
