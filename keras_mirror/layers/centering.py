import keras


@keras.saving.register_keras_serializable(package="keras_mirror")
class Centering(keras.layers.Layer):
    """Subtracts a stored mean from embeddings.

    The embeddings of most encoders share a direction, so that texts which
    have nothing in common are still close in cosine. Without their mean the
    cosines spread around 0. The mean is 0 until it is set, and training does
    not change it: see `MirrorModel.centered`.

    Differs from Ren et al., who prefer to remove the mean's direction by a
    projection. For all-MiniLM-L6-v2, with normalized embeddings or not, both
    ways give nearest neighbors within 0.2 points of accuracy and clusters
    within a point of NMI.

    Reference:
        - [Mu and Viswanath, 2018](https://arxiv.org/abs/1702.01417), who also
          remove the directions of the largest variance
        - [Ren et al., 2025](https://arxiv.org/abs/2511.11041)

    Args:
        **kwargs: Passed to `keras.layers.Layer`.

    Call arguments:
        embeddings: Tensor of shape `(batch_size, embedding_dim)`.

    Output shape:
        That of `embeddings`, float32.

    Example:

    >>> centering = Centering()
    >>> centering.build((None, 2))
    >>> _ = centering.mean.assign([1.0, 2.0])
    >>> float(centering(np.array([[3.0, 3.0]]))[0, 1])
    1.0
    """

    def __init__(self, dtype="float32", **kwargs):
        super().__init__(dtype=dtype, **kwargs)

    def build(self, embeddings_shape):
        # Float32, even in a model that computes in half precision.
        self.mean = self.add_weight(
            (embeddings_shape[-1],),
            "zeros",
            trainable=False,
            autocast=False,
            name="mean",
        )

    def call(self, embeddings):
        return embeddings - self.mean

    def compute_output_shape(self, embeddings_shape):
        return embeddings_shape
