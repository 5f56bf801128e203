"""A call of a model on JAX that does not donate its weights."""

import keras


def is_jitted(model) -> bool:
    """Whether JAX compiles the calls of a model."""
    is_jax = keras.backend.backend() == "jax"
    return is_jax and model.jit_compile and not model.run_eagerly


def jitted_call(model):
    """A compiled call of a model for inference that threads may share.

    Keras 3.15 donates the weights to every call of `predict_on_batch` and takes
    them back afterwards: meanwhile a second thread, or a second model that
    shares them, finds deleted arrays.

    Args:
        model: A `keras.Model`, on JAX.

    Returns:
        A function from features to outputs. It is cached as long as Keras
        caches its own function: until the model is compiled again.

    Example:

    >>> if keras.backend.backend() == "jax":
    ...     embeddings = jitted_call(model)(preprocessor(["a man"]))
    """
    model.make_predict_function()
    attributes = vars(model.predict_function)
    if "jitted_call" not in attributes:
        # If two threads come first at the same time, both get the same
        # function.
        attributes.setdefault("jitted_call", _jitted_call(model))
    return attributes["jitted_call"]


def _jitted_call(model):
    import jax

    @jax.jit
    def forward(trainable, non_trainable, features):
        state = trainable, non_trainable
        return model.stateless_call(*state, features, training=False)[0]

    def call(features):
        trainable = [v.value for v in model.trainable_variables]
        non_trainable = [v.value for v in model.non_trainable_variables]
        return forward(trainable, non_trainable, features)

    return call
