"""Products of matrices that JAX multiplies in another dtype."""

import functools


def jax_product(inputs, kernel, dtype: str):
    """A matrix product of rounded numbers, on JAX.

    XLA calls the units of a CPU only for products that are summed in float32.
    The gradient of the kernel is not rounded: of a product over the rows of
    both matrices, XLA 0.10 makes a slower one of float32.

    Args:
        inputs: Array of shape `(num_rows, num_features)`.
        kernel: Array of shape `(num_features, num_outputs)`.
        dtype: String, such as `"bfloat16"`: the dtype to multiply in.

    Returns:
        An array of the dtype of `inputs`.

    Example:

    >>> import keras
    >>> if keras.backend.backend() == "jax":
    ...     product = jax_product(np.eye(2), np.full((2, 2), 1.001), "bfloat16")
    ...     assert float(product[0, 0]) == 1.0
    """
    return _product(dtype)(inputs, kernel)


@functools.cache
def _product(dtype: str):
    import jax

    def rounded(left, right, axes):
        return jax.lax.dot_general(
            left.astype(dtype),
            right.astype(dtype),
            (axes, ((), ())),
            preferred_element_type="float32",
        ).astype(left.dtype)

    @jax.custom_vjp
    def product(inputs, kernel):
        return rounded(inputs, kernel, ((1,), (0,)))

    def forward(inputs, kernel):
        return product(inputs, kernel), (inputs, kernel)

    def backward(residuals, gradients):
        inputs, kernel = residuals
        of_inputs = rounded(gradients, kernel, ((1,), (1,)))
        return of_inputs, inputs.T @ gradients

    product.defvjp(forward, backward)
    return product
