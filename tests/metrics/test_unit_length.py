import keras
import numpy as np
import pytest
from keras import ops

from keras_mirror.metrics.unit_length import unit_length
from keras_mirror.unit_rows import pairwise_cosines
from keras_mirror.unit_rows import unit_rows

FUNCTIONS = {
    "tensors": lambda rows: ops.convert_to_numpy(unit_length(np.array(rows))),
    "arrays": unit_rows,
}


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_rows_of_length_one(kind):
    rows = FUNCTIONS[kind]([[3.0, 4.0], [0.0, 0.0], [-1e-3, 0.0], [1e30, 0.0]])
    assert rows.dtype == "float32"
    np.testing.assert_allclose(
        rows, [[0.6, 0.8], [0, 0], [-1, 0], [1, 0]], rtol=1e-6
    )


def test_tensors_and_arrays_agree():
    rows = np.random.default_rng(0).normal(size=(100, 8)).astype("float32")
    np.testing.assert_allclose(
        FUNCTIONS["tensors"](rows), FUNCTIONS["arrays"](rows), atol=2e-7
    )


def test_half_precision_becomes_float32():
    rows = unit_length(ops.cast(np.array([[3.0, 4.0]]), "bfloat16"))
    assert keras.backend.standardize_dtype(rows.dtype) == "float32"


def test_huge_rows_of_float64():
    np.testing.assert_allclose(unit_rows([[3e300, 4e300]])[0], [0.6, 0.8], 1e-6)


def test_pairs_of_huge_rows():
    assert pairwise_cosines([[3e200, 4e200]], [[3.0, 4.0]]) == pytest.approx(1)


def test_pairwise_cosines_are_those_of_the_rows():
    rows_1, rows_2 = np.random.default_rng(0).normal(size=(2, 10, 8))
    expected = (unit_rows(rows_1) * unit_rows(rows_2)).sum(axis=-1)
    cosines = pairwise_cosines(rows_1, rows_2)
    assert cosines.dtype == "float64"
    np.testing.assert_allclose(cosines, expected, atol=1e-6)
