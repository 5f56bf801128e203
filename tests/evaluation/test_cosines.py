import numpy as np
import pytest

from keras_mirror import unit_rows as dense
from keras_mirror.evaluation import cosines

sparse = pytest.importorskip("scipy.sparse", reason="SciPy is missing")


@pytest.fixture(params=[sparse.csr_matrix, sparse.csr_array])
def as_sparse(request):
    return request.param


def rows(size, seed=0):
    """Mostly zeros, as those of texts; the last row has nothing else."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(size, 30))
    values *= generator.uniform(size=values.shape) < 0.2
    values[-1] = 0
    return values


def test_dense_rows_are_as_before_to_the_last_bit():
    one, other = rows(9), rows(9, seed=1)
    unit = cosines.unit_rows(one)
    np.testing.assert_array_equal(unit, dense.unit_rows(one))
    np.testing.assert_array_equal(
        cosines.pairwise_cosines(one, other),
        dense.pairwise_cosines(one, other),
    )
    for start, block in cosines.cosine_blocks(unit, unit, 4):
        np.testing.assert_array_equal(block, unit[start : start + 4] @ unit.T)


def test_sparse_rows_have_the_cosines_of_dense_ones(as_sparse):
    one, other = rows(9), rows(9, seed=1)
    unit = cosines.unit_rows(as_sparse(one))
    assert cosines.is_sparse(unit)
    np.testing.assert_allclose(unit.toarray(), cosines.unit_rows(one), 1e-6)
    np.testing.assert_allclose(
        cosines.pairwise_cosines(as_sparse(one), as_sparse(other)),
        cosines.pairwise_cosines(one, other),
        atol=1e-12,
    )
    dense = cosines.unit_rows(one)
    starts = []
    for start, block in cosines.cosine_blocks(unit, unit, 4):
        starts.append(start)
        expected = dense[start : start + 4] @ dense.T
        np.testing.assert_allclose(block, expected, atol=1e-6)
    assert starts == [0, 4, 8]


@pytest.mark.parametrize("size", [1, 4, 100])
@pytest.mark.parametrize("is_dense", [True, False])
def test_nearest_row_in_blocks(monkeypatch, size, is_dense):
    monkeypatch.setattr(cosines.cosine_blocks, "__defaults__", (size,))
    queries, others = rows(11)[:10], rows(23, seed=1)
    kind = np.asarray if is_dense else sparse.csr_matrix
    unit_1, unit_2 = (cosines.unit_rows(kind(of)) for of in (queries, others))
    lengths = np.linalg.norm(others[:-1], axis=1)
    expected = (queries @ others[:-1].T / lengths).argmax(axis=1)
    assert cosines.nearest_row(unit_1, unit_2).tolist() == expected.tolist()
    own = queries @ queries.T / np.linalg.norm(queries, axis=1)
    np.fill_diagonal(own, -np.inf)
    found = cosines.nearest_row(unit_1).tolist()
    assert found == own.argmax(axis=1).tolist()


def test_of_equally_near_rows_the_first():
    ones = np.ones((4, 2), "float32")
    assert cosines.nearest_row(ones, ones).tolist() == [0, 0, 0, 0]
    assert cosines.nearest_row(ones).tolist() == [1, 0, 0, 0]
