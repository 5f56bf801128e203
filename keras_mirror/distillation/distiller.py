import keras
from keras import ops

from keras_mirror.losses import SIMILARITY_WEIGHT
from keras_mirror.losses import distillation_loss


class Distiller(keras.Model):
    """Trains an encoder to give the vectors of a teacher.

    Its data are tuples of features and the teacher's vectors, as
    `DistillationBatches` makes them. Without dropout every text has a single
    vector, which can match the teacher's; dropout is for mirrored views.

    Args:
        student: A `MirrorModel`. Its encoder is trained, in place.
        teacher_dim: Integer, the size of the teacher's vectors.
        prefixes: Tuple of integers, see `distillation_loss`. Defaults to none.
        similarity_weight: Float, see `distillation_loss`.
        dropout: Boolean, whether dropout is active in training. Defaults to
            `False`.

    If sizes differ, a linear projection maps the encoder's vectors to the
    teacher's size; it is used only in training.

    Example:

    >>> distiller = Distiller(model, teacher_dim=3)
    >>> distiller.projection.units
    3
    """

    def __init__(
        self,
        student,
        teacher_dim: int,
        prefixes=(),
        similarity_weight: float = SIMILARITY_WEIGHT,
        dropout: bool = False,
    ) -> None:
        super().__init__(name="distiller")
        self.encoder = student.encoder
        self.record = student.record  # which `RunRecorder` keeps
        self.prefixes = prefixes
        self.similarity_weight = similarity_weight
        self.dropout = dropout
        self.projection = None
        embedding_dim = student.encoder.output_shape[-1]
        if embedding_dim != teacher_dim:
            self.projection = keras.layers.Dense(
                teacher_dim, use_bias=False, dtype="float32", name="projection"
            )
            self.projection.build((None, embedding_dim))
        self.built = True

    def call(self, features, training=None):
        training = bool(self.dropout and training)
        return self.encoder(features, training=training)

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        projected = None
        if self.projection is not None:
            projected = self.projection(ops.cast(y_pred, "float32"))
        return distillation_loss(
            y_pred, y, projected, self.prefixes, self.similarity_weight
        )
