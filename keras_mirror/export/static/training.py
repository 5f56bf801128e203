import keras
import numpy as np
from keras import ops

from keras_mirror.export.static.token_batches import TokenBatches
from keras_mirror.finite import FiniteTraining
from keras_mirror.losses import distillation_loss
from keras_mirror.optimizers import warmup_then_cosine
from keras_mirror.preprocessing.padding import as_dataset

LEARNING_RATE = 1e-3
# Weights of tokens learn faster: their logarithm is scaled by this factor.
_WEIGHT_RATE = 10.0
# For 100,000 texts; fewer texts get more epochs and smaller batches.
BATCH_SIZE = 512
EPOCHS = 3
_FEWEST_BATCHES = 16  # per epoch
_FEWEST_STEPS = 200
_MOST_EPOCHS = 10
_SIMILARITY_WEIGHT = 10.0  # 0 and 50 are hardly worse on STS-B dev


def trained(
    vectors,
    projection,
    token_ids: list,
    targets,
    epochs: int | None = None,
    seed: int = 0,
    on_step=None,
):
    """Fits vectors of tokens to an encoder's vectors of whole texts.

    The mean of the vectors of a text's tokens, projected into the space of the
    encoder, should point where the encoder's vector of the text does; and the
    cosines between texts of a batch should match the encoder's. The training
    learns a weight and an offset for every token, and one linear map for all
    tokens, also for those that no text has. From few texts, the map and the
    weights learn more than the offsets.

    Args:
        vectors: Float32 array of shape `(num_tokens, dimensions)`.
        projection: Float32 array of shape `(dimensions, embedding_dim)`, the
            start of the projection. It is trained too, and then dropped.
        token_ids: List of arrays of ids, one per text, none of them empty.
        targets: Float array of shape `(len(token_ids), embedding_dim)`, rows
            of length 1.
        epochs: Integer. Defaults to `None`: 3, or up to 10 for few texts.
        seed: Integer, decides the order of the texts. Defaults to `0`.
        on_step: Function of the number of steps done and of the total. Defaults
            to `None`.

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
    batch_size = _batch_size(len(token_ids))
    if epochs is None:
        num_batches = len(token_ids) // batch_size
        epochs = -(-_FEWEST_STEPS // num_batches)
        epochs = min(max(epochs, EPOCHS), _MOST_EPOCHS)
    batches = TokenBatches(
        np.split(places, ends), targets, batch_size, epochs, seed
    )
    model = _StaticTraining(vectors[used], projection)
    model.compile(
        keras.optimizers.Adam(warmup_then_cosine(LEARNING_RATE, len(batches)))
    )
    callbacks = [FiniteTraining(async_safe=False)]
    if on_step is not None:
        callbacks.append(_progress(on_step, len(batches)))
    model.fit(
        as_dataset(batches), shuffle=False, verbose=0, callbacks=callbacks
    )
    result = vectors @ ops.convert_to_numpy(model.map.kernel)
    result[used] = model.vectors()
    return result


class _StaticTraining(keras.Model):
    """The model: means of token vectors, and their distance to targets."""

    def __init__(self, vectors, projection) -> None:
        super().__init__(name="static_training", dtype="float32")
        self.start = _table(vectors, trainable=False)
        self.change = _table(np.zeros_like(vectors))
        self.log_weights = _table(np.zeros((len(vectors), 1)))
        self.map = _linear(np.eye(vectors.shape[1]))
        self.projection = _linear(projection)
        self.built = True

    def call(self, inputs):
        ids = inputs["token_ids"]
        is_token = ops.cast(inputs["padding_mask"], "bool")[..., None]
        weights = ops.exp(_WEIGHT_RATE * self.log_weights(ids))
        starts = ops.where(is_token, weights * self.start(ids), 0.0)
        changes = ops.where(is_token, self.change(ids), 0.0)
        return self.map(ops.sum(starts, axis=1)) + ops.sum(changes, axis=1)

    def vectors(self):
        """The vectors of all tokens, a NumPy array."""
        weights = ops.exp(_WEIGHT_RATE * self.log_weights.embeddings)
        mapped = self.map(weights * self.start.embeddings)
        return ops.convert_to_numpy(mapped + self.change.embeddings)

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        return distillation_loss(
            y_pred,
            y,
            self.projection(y_pred),
            similarity_weight=_SIMILARITY_WEIGHT,
        )


def _batch_size(num_texts: int) -> int:
    size = min(BATCH_SIZE, num_texts // _FEWEST_BATCHES)
    return min(max(size, 2), num_texts)


def _table(rows, trainable: bool = True) -> keras.layers.Embedding:
    layer = keras.layers.Embedding(
        *rows.shape, trainable=trainable, dtype="float32"
    )
    layer.build()
    layer.embeddings.assign(rows)
    return layer


def _linear(kernel) -> keras.layers.Dense:
    layer = keras.layers.Dense(kernel.shape[1], use_bias=False, dtype="float32")
    layer.build((None, kernel.shape[0]))
    layer.kernel.assign(kernel)
    return layer


def _progress(on_step, num_steps: int) -> keras.callbacks.Callback:
    return keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: on_step(batch + 1, num_steps)
    )
