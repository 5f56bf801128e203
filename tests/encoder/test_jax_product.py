import keras
import numpy as np
import pytest
from keras import ops
from support.references import value_and_gradients

from keras_mirror.encoder.jax_product import jax_product

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="a product of JAX"
)


def arrays(dtype="float32"):
    generator = np.random.default_rng(0)
    shapes = ((6, 5), (5, 4), (6, 4))
    return [generator.normal(size=shape).astype(dtype) for shape in shapes]


def rounded(array):
    return ops.convert_to_numpy(
        ops.cast(ops.cast(array, "bfloat16"), "float32")
    )


def test_value_and_gradients():
    inputs, kernel, slopes = arrays()

    def total(inputs, kernel):
        return ops.sum(jax_product(inputs, kernel, "bfloat16") * slopes)

    value, (of_inputs, of_kernel) = value_and_gradients(total, inputs, kernel)
    expected = np.sum(rounded(inputs) @ rounded(kernel) * slopes)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    expected = rounded(slopes) @ rounded(kernel).T
    np.testing.assert_allclose(of_inputs, expected, rtol=1e-4, atol=1e-6)
    # Not rounded.
    np.testing.assert_allclose(of_kernel, inputs.T @ slopes, rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_dtypes_stay(dtype):
    import jax

    inputs, kernel, _ = arrays(dtype)
    assert jax_product(inputs, kernel, "bfloat16").dtype == dtype
    gradients = jax.grad(
        lambda *pair: jax_product(*pair, "bfloat16").sum(), argnums=(0, 1)
    )(inputs, kernel)
    assert [gradient.dtype for gradient in gradients] == [dtype, dtype]


def test_sums_are_not_rounded():
    ones = np.ones((1, 300), "float32")  # bfloat16 has no 259
    product = jax_product(ones, ones.T, "bfloat16")
    assert ops.convert_to_numpy(product).tolist() == [[300]]
    product = jax_product(ones[:, :259], ones.T[:259], "bfloat16")
    assert ops.convert_to_numpy(product).tolist() == [[259]]
