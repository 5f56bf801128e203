import keras
import numpy as np
from keras import ops

from keras_mirror.export.static.token_batches import TokenBatches
from keras_mirror.finite import FiniteTraining
from keras_mirror.metrics.unit_length import unit_length

LEARNING_RATE = 3e-3
BATCH_SIZE = 512
EPOCHS = 3
# A mean square of differences of cosines is far smaller than a cosine's
# distance to 1.
SIMILARITY_WEIGHT = 10.0
_WARMUP = 0.05  # of all steps


def trained(
    vectors,
    projection,
    token_ids: list,
    targets,
    epochs: int = EPOCHS,
    seed: int = 0,
    on_step=None,
):
    """Fits vectors of tokens to an encoder's vectors of whole texts.

    The mean of the vectors of a text's tokens, projected into the space of
    the encoder, should point where the encoder's vector of the text does; and
    texts of a batch should have the cosines with each other that they have
    there. Tokens that no text has stay as they are.

    Args:
        vectors: Float32 array of shape `(num_tokens, dimensions)`.
        projection: Float32 array of shape `(dimensions, embedding_dim)`,
            where the training begins. It is fitted too, and dropped.
        token_ids: List of arrays of ids, one per text, none of them empty.
        targets: Float array of shape `(len(token_ids), embedding_dim)`, rows
            of length 1.
        epochs: Integer. Defaults to `3`.
        seed: Integer, decides the order of the texts. Defaults to `0`.
        on_step: Function of the steps done and of their number. Defaults to
            `None`.

    Returns:
        A float32 array of the shape of `vectors`.

    Raises:
        FloatingPointError: The loss is not finite.

    Example:

    >>> vectors = np.eye(3, 2, dtype="float32")
    >>> texts = [np.array([0, 1]), np.array([1])]
    >>> trained(vectors, np.eye(2), texts, np.eye(2), epochs=1)[2].tolist()
    [0.0, 0.0]
    """
    used, places = np.unique(np.concatenate(token_ids), return_inverse=True)
    ends = np.cumsum([len(ids) for ids in token_ids])[:-1]
    batches = TokenBatches(
        np.split(places, ends), targets, BATCH_SIZE, epochs, seed
    )
    model = _StaticTraining(vectors[used], projection)
    model.compile(keras.optimizers.Adam(_learning_rate(len(batches))))
    callbacks = [FiniteTraining(async_safe=False)]
    if on_step is not None:
        callbacks.append(_progress(on_step, len(batches)))
    model.fit(batches, shuffle=False, verbose=0, callbacks=callbacks)
    result = np.array(vectors)
    result[used] = ops.convert_to_numpy(model.table.embeddings)
    return result


class _StaticTraining(keras.Model):
    """Means of the vectors of tokens, and their distance to targets."""

    def __init__(self, vectors, projection) -> None:
        super().__init__(dtype="float32")
        self.table = keras.layers.Embedding(*vectors.shape, dtype="float32")
        self.table.build()
        self.table.embeddings.assign(vectors)
        self.projection = keras.layers.Dense(
            projection.shape[1], use_bias=False, dtype="float32"
        )
        self.projection.build((None, projection.shape[0]))
        self.projection.kernel.assign(projection)
        self.built = True

    def call(self, inputs):
        is_token = ops.cast(inputs["padding_mask"], "bool")[..., None]
        vectors = self.table(inputs["token_ids"])
        return ops.sum(ops.where(is_token, vectors, 0.0), axis=1)

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        projected = unit_length(self.projection(y_pred))
        distances = 1.0 - ops.sum(projected * y, axis=-1)
        differences = _cosines(unit_length(y_pred)) - _cosines(y)
        return ops.mean(distances) + SIMILARITY_WEIGHT * ops.mean(
            ops.square(differences)
        )


def _cosines(rows):
    return ops.matmul(rows, ops.transpose(rows))


def _learning_rate(num_steps: int) -> keras.optimizers.schedules.CosineDecay:
    num_warmup = max(1, int(_WARMUP * num_steps))
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=LEARNING_RATE / num_warmup,
        decay_steps=max(1, num_steps - num_warmup),
        warmup_target=LEARNING_RATE,
        warmup_steps=num_warmup,
    )


def _progress(on_step, num_steps: int) -> keras.callbacks.Callback:
    return keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: on_step(batch + 1, num_steps)
    )
