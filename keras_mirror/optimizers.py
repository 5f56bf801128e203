import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_mirror")
class AdamW(keras.optimizers.AdamW):
    """AdamW with the arithmetic of PyTorch, the original code's optimizer.

    Differs from `keras.optimizers.AdamW` in two things. The epsilon is added
    to the bias-corrected root. Keras adds it to the raw one, which is thirty
    times smaller at the first step. And gradients of embeddings are summed
    over a batch's equal tokens before they are squared. With TensorFlow, Keras
    3.15 squares them one by one: the loss at the second step was 2.20 instead
    of PyTorch's 3.44.

    Every weight decays, biases and normalizations too, as with
    `torch.optim.AdamW(model.parameters())`.

    Reference:
        - [Loshchilov and Hutter, 2019](https://arxiv.org/abs/1711.05101)

    Args:
        learning_rate: Float or a `keras.optimizers.schedules` object.
            Defaults to `2e-5`, the paper's.
        weight_decay: Float. Defaults to `0.01`, PyTorch's.
        epsilon: Float. Defaults to `1e-8`, PyTorch's.
        **kwargs: Passed to `keras.optimizers.AdamW`.

    Example:

    >>> optimizer = AdamW(learning_rate=1e-4)
    >>> model.compile(optimizer)
    """

    def __init__(
        self,
        learning_rate=2e-5,
        weight_decay: float = 0.01,
        epsilon: float = 1e-8,
        **kwargs,
    ):
        super().__init__(
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            epsilon=epsilon,
            **kwargs,
        )

    def apply(self, grads, trainable_variables=None):
        # Once per step: once per weight, it would be a quarter of the graph.
        step = ops.cast(self.iterations + 1, "float32")
        root = ops.sqrt(1 - ops.power(self.beta_2, step))
        self._rate_correction = root / (1 - ops.power(self.beta_1, step))
        self._corrected_epsilon = self.epsilon * root
        super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        dtype = variable.dtype
        rate = ops.cast(learning_rate * self._rate_correction, dtype)
        epsilon = ops.cast(self._corrected_epsilon, dtype)
        index = self._get_variable_index(variable)
        momentum = self._momentums[index]
        velocity = self._velocities[index]

        # A sum makes TensorFlow's sparse gradient dense.
        gradient = ops.add(gradient, 0.0)
        change = (gradient - momentum) * (1 - self.beta_1)
        self.assign_add(momentum, change)
        change = (ops.square(gradient) - velocity) * (1 - self.beta_2)
        self.assign_add(velocity, change)
        root = ops.sqrt(velocity) + epsilon
        self.assign_sub(variable, rate * momentum / root)
