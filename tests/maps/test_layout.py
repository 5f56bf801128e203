import numpy as np
import pytest

from keras_mirror.maps.layout import lay_out
from keras_mirror.unit_rows import unit_rows

pytest.importorskip("openTSNE", reason="the extra [map] is missing")


@pytest.fixture(scope="module")
def planted():
    """Embeddings about five directions, and which is about which."""
    generator = np.random.default_rng(0)
    centers = generator.normal(size=(5, 16))
    labels = np.arange(150) % 5
    noise = generator.normal(size=(150, 16))
    return unit_rows((centers[labels] + 0.3 * noise).astype("float32")), labels


@pytest.fixture(scope="module")
def laid_out(planted):
    return lay_out(planted[0])


def test_positions_fill_a_square(laid_out):
    assert laid_out.shape == (150, 2) and laid_out.dtype == "float32"
    assert laid_out.min() == pytest.approx(0, abs=1e-6)
    assert laid_out.max() == pytest.approx(1, abs=1e-6)


def test_a_seed_gives_the_same_map_on_any_number_of_threads(planted, laid_out):
    again = lay_out(planted[0], num_threads=2)
    np.testing.assert_array_equal(again, laid_out)


def test_neighbors_stay_neighbors(planted, laid_out):
    manifold = pytest.importorskip("sklearn.manifold")
    embeddings, labels = planted
    assert manifold.trustworthiness(embeddings, laid_out, n_neighbors=10) > 0.9
    distances = np.linalg.norm(laid_out[:, None] - laid_out, axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert (labels[distances.argmin(axis=1)] == labels).all()


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 10])
def test_few_texts(planted, number):
    positions = lay_out(planted[0][:number])
    assert positions.shape == (number, 2) and np.isfinite(positions).all()
    assert ((0 <= positions) & (positions <= 1)).all()
    assert len(np.unique(positions, axis=0)) == number


def test_texts_with_one_embedding(planted):
    assert np.isfinite(lay_out(planted[0][[0] * 12])).all()
