from typing import Any
from typing import NamedTuple

import keras
from keras import ops

from keras_mirror.distribution import active_replicas

# Keras begins with 2^15 and halves the scale after an overflow: after 25
# overflows, later steps will overflow too.
SMALLEST_LOSS_SCALE = 2.0**-10


class _Scalars(NamedTuple):
    """The factors of a step, in the dtype of the weights."""

    rate: Any
    epsilon: Any
    decay: Any
    zero: Any
    beta_1: Any
    beta_2: Any


@keras.saving.register_keras_serializable(package="keras_mirror")
class AdamW(keras.optimizers.AdamW):
    """AdamW with the arithmetic of PyTorch, the original code's optimizer.

    Differs from `keras.optimizers.AdamW` in two things. The epsilon is added
    to the bias-corrected root. Keras adds it to the raw one, which is thirty
    times smaller at the first step. And gradients of embeddings are summed
    over a batch's equal tokens before they are squared. With TensorFlow, Keras
    3.15 squares them one by one: the loss at the second step was 2.20 instead
    of PyTorch's 3.44.

    A step whose gradients are not finite counts as a step with zero gradients
    and changes no weight: `MirrorModel.fit` stops there with finite weights.

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

    _is_finite: Any = True  # of the last step's gradients

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

    def check_dtypes(self, variables) -> None:
        """Raises a `ValueError` if `epsilon` is 0 in a variable's dtype.

        A weight without a gradient so far would become 0 / 0.
        """
        for dtype in {variable.dtype for variable in variables}:
            if not float(ops.cast(self.epsilon, dtype)):
                raise ValueError(
                    f"`epsilon` must not be 0 in {dtype}, the dtype of the "
                    "weights. Load the model with dtype='mixed_float16', "
                    "'mixed_bfloat16' or 'float32' to train it. "
                    f"Received: epsilon={self.epsilon}"
                )

    def take_is_finite(self):
        """Whether the last step's gradients were finite; forgets the answer."""
        is_finite, self._is_finite = self._is_finite, True
        return is_finite

    def apply(self, grads, trainable_variables=None):
        grads = [
            None if grad is None else ops.convert_to_tensor(grad)
            for grad in grads
        ]
        given = [grad for grad in grads if grad is not None]
        if not given:
            return super().apply(grads, trainable_variables)
        norm = _sum_of_squares(given)
        norm = active_replicas().all_reduce_sum(norm)
        self._is_finite = self._is_taken = is_taken = ops.isfinite(norm)
        # Once per step, since checks per weight would be a quarter of the
        # graph.
        variables = trainable_variables or self._trainable_variables
        self._scalars = {
            dtype: self._scalars_of_step(dtype, is_taken)
            for dtype in {_dtype(variable) for variable in variables}
        }
        return super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        scalars = self._scalars[_dtype(variable)]
        index = self._get_variable_index(variable)
        momentum = self._momentums[index]
        velocity = self._velocities[index]

        gradient = ops.where(self._is_taken, gradient, scalars.zero)
        decays = self.weight_decay and self._use_weight_decay(variable)
        if keras.backend.backend() == "tensorflow":
            state = (momentum, velocity)
            _step_at_once(variable, gradient, state, scalars, decays)
            return
        rate, epsilon, decay, *_ = scalars
        change = (gradient - momentum) * (1 - self.beta_1)
        self.assign_add(momentum, change)
        change = (ops.square(gradient) - velocity) * (1 - self.beta_2)
        self.assign_add(velocity, change)
        root = ops.sqrt(velocity) + epsilon
        change = rate * momentum / root
        if decays:
            change = change + decay * variable
        self.assign_sub(variable, change)

    def _scalars_of_step(self, dtype: str, is_taken) -> _Scalars:
        step = ops.cast(self.iterations + 1, "float32")
        root = ops.sqrt(1 - ops.power(self.beta_2, step))
        correction = root / (1 - ops.power(self.beta_1, step))
        decay = self.weight_decay or 0.0
        scalars = _Scalars(
            rate=self.learning_rate * ops.where(is_taken, correction, 0.0),
            epsilon=self.epsilon * root,
            decay=self.learning_rate * ops.where(is_taken, decay, 0.0),
            zero=0.0,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
        )
        return _Scalars(*(ops.cast(scalar, dtype) for scalar in scalars))

    def _apply_weight_decay(self, variables) -> None:
        """Does nothing: `update_step` decays weights itself."""


def _dtype(variable) -> str:
    return keras.backend.standardize_dtype(variable.dtype)


def _sum_of_squares(gradients: list):
    """The float32 sum of squares of all dense gradients."""
    if keras.backend.backend() == "tensorflow":
        from tensorflow.nn import l2_loss

        halves = [ops.cast(l2_loss(each), "float32") for each in gradients]
        return 2 * ops.sum(ops.stack(halves))
    flat = [ops.reshape(gradient, -1) for gradient in gradients]
    norms = [ops.cast(ops.vdot(each, each), "float32") for each in flat]
    # A product at the end, since XLA would copy a sum into every update.
    roots = ops.sqrt(ops.stack(norms))
    return ops.vdot(roots, roots)


def _step_at_once(variable, gradient, state, scalars, decays) -> None:
    """What `AdamW.update_step` does, in one pass over memory on TensorFlow.

    TensorFlow's operation corrects the rate by powers of the betas; powers of 0
    leave the rate unchanged.
    """
    from tensorflow.raw_ops import ResourceApplyAdam

    if decays:
        variable.assign_sub(scalars.decay * variable)
    momentum, velocity = state
    ResourceApplyAdam(
        var=variable.handle,
        m=momentum.value.handle,
        v=velocity.value.handle,
        beta1_power=scalars.zero,
        beta2_power=scalars.zero,
        lr=scalars.rate,
        beta1=scalars.beta_1,
        beta2=scalars.beta_2,
        epsilon=scalars.epsilon,
        grad=gradient,
    )


def loss_scale(optimizer, state: list):
    """The current loss scale, after a training step.

    Args:
        optimizer: A built `keras.optimizers.LossScaleOptimizer`.
        state: List of what a step returned beside its logs. On JAX, where
            variables are outdated until the epoch ends, it is a tuple whose
            third element has the optimizer's values.

    Returns:
        A scalar tensor.

    Example:

    >>> optimizer = keras.optimizers.LossScaleOptimizer(AdamW())
    >>> optimizer.build([keras.Variable([1.0])])
    >>> float(loss_scale(optimizer, []))
    32768.0
    """
    scale = optimizer.dynamic_scale
    if not state:
        return scale
    [(_, _, values, *_)] = state
    pairs = zip(optimizer.variables, values, strict=True)
    return next(value for variable, value in pairs if variable is scale)


def training_variables(model) -> list:
    """All variables that training changes: weights, seeds and optimizer.

    Args:
        model: A `keras.Model`, compiled or not.

    Returns:
        A list of variables, in the same order for equal models.

    Example:

    >>> model.compile()
    >>> len(training_variables(model)) > len(model.variables)
    True
    """
    optimizer = getattr(model, "optimizer", None)  # set by `compile`
    return [*model.variables, *(optimizer.variables if optimizer else [])]


def warmup_then_cosine(learning_rate: float, num_steps: int):
    """A schedule: warmup over a twentieth of the steps, then cosine decay.

    Args:
        learning_rate: Float, the peak value. num_steps: Integer, the steps of
            the whole training.

    Returns:
        A `keras.optimizers.schedules.CosineDecay`.

    Example:

    >>> schedule = warmup_then_cosine(1.0, num_steps=100)
    >>> [round(float(schedule(step)), 2) for step in (0, 5, 100)]
    [0.17, 1.0, 0.0]
    """
    num_warmup = num_steps // 20
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=learning_rate / (num_warmup + 1),
        decay_steps=max(1, num_steps - num_warmup),
        warmup_target=learning_rate if num_warmup else None,
        warmup_steps=num_warmup,
    )
