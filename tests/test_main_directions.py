import numpy as np

from keras_mirror.main_directions import main_directions


def test_main_directions_keep_the_most():
    vectors = np.random.default_rng(0).normal(size=(50, 6)) * [1, 5, 2, 9, 3, 4]
    directions = main_directions(vectors.T @ vectors, 2)
    np.testing.assert_allclose(directions.T @ directions, np.eye(2), atol=1e-6)
    _, lengths, _ = np.linalg.svd(vectors)
    kept_length = np.linalg.norm(vectors @ directions)
    np.testing.assert_allclose(kept_length, np.hypot(*lengths[:2]), rtol=1e-6)
