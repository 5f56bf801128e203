import functools
from collections.abc import Callable

import keras
from keras import ops

from keras_mirror.arguments import check_integer
from keras_mirror.arguments import is_number


@keras.saving.register_keras_serializable(package="keras_mirror")
class DropHead(keras.layers.Layer):
    """Drops whole attention heads, drawn independently per text.

    `set_drophead` puts it between a multi-head attention and its output
    projection. The heads that a text keeps are scaled by
    `num_heads / num_kept`. Active only in training.

    Differs from the paper: a text that would lose all its heads keeps one,
    each with the same probability.

    Reference:
        - [Zhou et al., 2020](https://arxiv.org/abs/2004.13342), "Scheduled
          DropHead"; the rate is constant, as in
          [Liu et al., 2021](https://arxiv.org/abs/2104.08027)

    Args:
        rate: Float in `[0, 1)`, the probability of dropping a head.
        num_heads: Positive integer.
        seed: Integer. Defaults to `None`: a random one.
        **kwargs: Passed to `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch_size, sequence_length, num_heads,
            head_dim)`, or with the last two as one axis.
        training: Boolean. Defaults to `None`: no training.

    Output shape:
        That of `inputs`.

    Example:

    >>> drop_head = DropHead(rate=0.5, num_heads=2, seed=0)
    >>> outputs = drop_head(np.ones((100, 1, 2, 1)), training=True)
    >>> np.unique(ops.convert_to_numpy(outputs)).tolist()
    [0.0, 1.0, 2.0]
    """

    def __init__(
        self, rate: float, num_heads: int, seed: int | None = None, **kwargs
    ):
        super().__init__(**kwargs)
        if not is_number(rate) or not 0 <= rate < 1:
            raise ValueError(
                f"`rate` must be a float in [0, 1). Received: rate={rate!r}"
            )
        self.rate = rate
        self.num_heads = check_integer("num_heads", num_heads)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape=None):
        self.built = True

    def call(self, inputs, training=None):
        if not training or not self.rate:
            return inputs
        batch_size, sequence_length, *shape = ops.shape(inputs)
        scales = ops.cast(self._draw_scales(batch_size), inputs.dtype)
        scales = ops.reshape(scales, (batch_size, 1, self.num_heads, 1))
        heads = (batch_size, sequence_length, self.num_heads, -1)
        outputs = ops.reshape(inputs, heads) * scales
        return ops.reshape(outputs, (batch_size, sequence_length, *shape))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "rate": self.rate,
            "num_heads": self.num_heads,
            "seed": self.seed,
        }

    def _draw_scales(self, batch_size: int):
        """`(batch_size, num_heads)`: 0 for a head that is dropped."""
        uniforms = keras.random.uniform(
            (batch_size, self.num_heads), seed=self.seed_generator
        )
        is_kept = uniforms >= self.rate
        highest = ops.max(uniforms, axis=-1, keepdims=True)
        is_kept = ops.logical_or(is_kept, uniforms == highest)
        num_kept = ops.sum(ops.cast(is_kept, "float32"), axis=-1, keepdims=True)
        return ops.where(is_kept, self.num_heads / num_kept, 0.0)


def set_drophead(backbone, rate: float) -> list[DropHead]:
    """Makes every multi-head attention of a backbone drop whole heads.

    Args:
        backbone: A `keras_hub.models.Backbone` of transformer layers, changed
            in place.
        rate: Float in `[0, 1)`, see `keras_mirror.layers.DropHead`.

    Returns:
        The list of `DropHead` layers, one per attention. A model must hold it
        as an attribute, because their random state is a part of its state.

    Raises:
        ValueError: The backbone has no multi-head attention.

    Example:

    >>> len(set_drophead(backbone, rate=0.2))
    2
    """
    layers = [layer for layer in backbone._flatten_layers() if _ends(layer)]
    if not layers:
        raise ValueError(
            "`backbone` must have multi-head attention, whose heads can be "
            f"dropped. Received: backbone={type(backbone).__name__}"
        )
    drop_heads = []
    for layer in layers:
        drop_head = DropHead(rate, backbone.num_heads, dtype=layer.dtype_policy)
        layer.call = functools.partial(_call, drop_head, _plain_call(layer))
        drop_heads.append(drop_head)
    return drop_heads


def _ends(layer) -> bool:
    """Whether a layer is the output projection of an attention.

    Keras and keras-hub's own layers (0.32) call it by this name.
    """
    is_dense = isinstance(layer, keras.layers.EinsumDense)
    return is_dense and layer.name == "attention_output"


def _plain_call(layer) -> Callable:
    """The call without the dropping that an earlier `set_drophead` added."""
    is_ours = getattr(layer.call, "func", None) is _call
    return layer.call.args[1] if is_ours else layer.call


def _call(drop_head: DropHead, project: Callable, inputs, training=None):
    return project(drop_head(inputs, training=training))
