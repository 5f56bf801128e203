import keras
from keras import ops

from keras_mirror.distribution import map_one_by_one
from keras_mirror.distribution.replica import seed_variables

# More than the random draws of one layer in one pass: ALBERT calls one layer
# several times.
DRAWS_PER_PASS = 4096


def in_mini_batches(encoder, features, mini_batch_size: int):
    """Embeds a batch for training in the memory of `mini_batch_size` texts.

    The texts go through the encoder slice by slice; only the embeddings stay
    in memory. For the gradients every slice is computed a second time, with
    the dropout masks of the first time. So each text has the whole batch as
    its negatives, and gradients are those of one large pass.

    Differs from `keras.remat` around the encoder, which would draw new masks
    the second time (Keras 3.15; on JAX it fails).

    Reference:
        - [Gao et al., 2021](https://arxiv.org/abs/2101.06983)
        - [Chen et al., 2016](https://arxiv.org/abs/1604.06174)

    Args:
        encoder: A built `keras.Model` that updates nothing but its seed
            generators.
        features: Dict of tensors of shape `(batch_size, sequence_length)`.
        mini_batch_size: Integer, texts per pass of the encoder.

    Returns:
        A tensor of shape `(batch_size, embedding_dim)`.

    Example:

    >>> features = preprocessor(["a man plays", "a woman", "a man"])
    >>> in_mini_batches(model.encoder, features, mini_batch_size=2).shape[0]
    3
    """
    batch_size = ops.shape(next(iter(features.values())))[0]
    num_slices = -(-batch_size // mini_batch_size)
    trainable, others = _Values()(encoder=encoder)

    def embed(features_and_seeds):
        features, seeds = features_and_seeds
        state = list({**others, **seeds}.values())

        def forward(*trainable):  # pure, so that its masks are the same again
            return encoder.stateless_call(
                list(trainable), state, features, training=True
            )[0]

        return keras.remat(forward)(*trainable)

    features = {
        name: _slices(feature, num_slices, mini_batch_size)
        for name, feature in features.items()
    }
    seeds = _take_seeds(encoder, num_slices)
    embeddings = map_one_by_one(embed, (features, seeds))
    embedding_dim = embeddings.shape[-1]
    return ops.reshape(embeddings, (-1, embedding_dim))[:batch_size]


class _Values(keras.layers.Layer):
    """The values of an encoder's variables, in the variables' own dtypes.

    With mixed precision, layers read them cast to half precision by default,
    and their gradients would be summed over the slices in half precision.
    """

    def __init__(self):
        super().__init__(autocast=False)

    def call(self, encoder):
        # Copies, since TensorFlow must not read variables inside its loop.
        trainable = [ops.copy(v.value) for v in encoder.trainable_variables]
        others = {
            v.path: ops.copy(v.value) for v in encoder.non_trainable_variables
        }
        return trainable, others


def _slices(feature, num_slices: int, size: int):
    """Slices `(num_slices, size, ...)`; first rows fill up the last one."""
    batch_size, *shape = ops.shape(feature)
    rows = ops.arange(num_slices * size) % batch_size
    feature = ops.take(feature, rows, axis=0)
    return ops.reshape(feature, (num_slices, size, *shape))


def _take_seeds(encoder, num_slices: int) -> dict:
    """Takes one state per slice from every seed generator and advances it."""
    seeds = {}
    for variable in seed_variables(encoder):
        draws = ops.arange(num_slices + 1) * DRAWS_PER_PASS
        draws = ops.cast(draws, variable.dtype)
        states = variable.value + ops.stack([0 * draws, draws], axis=1)
        variable.assign(states[-1])
        seeds[variable.path] = states[:-1]
    return seeds
