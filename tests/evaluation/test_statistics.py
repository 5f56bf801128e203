import numpy as np
import pytest
import scipy.stats

from keras_mirror.evaluation.statistics import AreaUnderCurve
from keras_mirror.evaluation.statistics import Mean
from keras_mirror.evaluation.statistics import MutualInformation
from keras_mirror.evaluation.statistics import Pearson
from keras_mirror.evaluation.statistics import Spearman

REFERENCES = {Pearson: scipy.stats.pearsonr, Spearman: scipy.stats.spearmanr}


def samples(num_values, size=200, seed=0):
    """Two related variables with many equal values, or without any."""
    generator = np.random.default_rng(seed)
    noise = generator.normal(size=(2, size))
    pair = noise[0], noise[0] + noise[1]
    if num_values is None:
        return pair
    edges = np.linspace(-0.7, 0.7, num_values - 1)
    return tuple(np.digitize(values, edges) / 3 for values in pair)


@pytest.mark.parametrize("statistic", REFERENCES)
@pytest.mark.parametrize("num_values", [None, 2, 3, 26])
@pytest.mark.parametrize("size", [2, 3, 200])
def test_correlations_equal_scipy(statistic, num_values, size):
    for seed in range(20):
        pair = samples(num_values, size, seed)
        value = statistic(*pair)(np.ones((1, size)))[0]
        if any(len(set(values)) == 1 for values in pair):
            assert np.isnan(value)
        else:
            expected = REFERENCES[statistic](*pair).statistic
            assert value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("statistic", REFERENCES)
@pytest.mark.parametrize("constant", [0.0, 0.1, 1e9])
def test_constant_is_undefined(statistic, constant):
    values = np.random.default_rng(0).normal(size=50)
    ones = np.ones((1, 50))
    assert np.isnan(statistic(np.full(50, constant), values)(ones)).all()
    assert np.isnan(statistic(values, np.full(50, constant))(ones)).all()


@pytest.mark.parametrize("statistic", REFERENCES)
@pytest.mark.parametrize("num_values", [None, 3])
def test_a_weight_is_a_repetition(statistic, num_values):
    pair = samples(num_values, 30)
    weights = np.random.default_rng(1).integers(4, size=(25, 30))
    values = statistic(*pair)(weights.astype(float))
    for value, counts in zip(values, weights, strict=True):
        repeated = [np.repeat(variable, counts) for variable in pair]
        expected = REFERENCES[statistic](*repeated).statistic
        assert value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("statistic", REFERENCES)
def test_a_sample_of_one_value_is_undefined(statistic):
    weights = np.array([[3.0, 0, 0], [1, 1, 0], [1, 1, 1]])
    values = statistic([0.1, 0.1, 0.7], [0.1, 0.2, 0.3])(weights)
    assert np.isnan(values).tolist() == [True, True, False]


@pytest.mark.parametrize("num_values", [None, 3])
def test_area_under_curve_equals_counting(num_values):
    values, others = samples(num_values, 40)
    labels = others > 0
    weights = np.random.default_rng(2).integers(3, size=(10, 40))
    areas = AreaUnderCurve(values, labels)(weights.astype(float))
    for area, counts in zip(areas, weights, strict=True):
        positives = np.repeat(values[labels], counts[labels])
        negatives = np.repeat(values[~labels], counts[~labels])
        wins = positives[:, None] > negatives
        ties = positives[:, None] == negatives
        assert area == pytest.approx((wins + ties / 2).mean(), abs=1e-12)


def test_area_without_negatives_is_undefined():
    area = AreaUnderCurve([0.1, 0.2], [True, True])
    assert np.isnan(area(np.ones((1, 2)))).all()


def test_mean():
    values = [1.0, 2.0, 6.0]
    weights = np.array([[1.0, 1, 1], [0, 2, 1], [3, 0, 0]])
    assert Mean(values)(weights).tolist() == [3, 10 / 3, 1]


@pytest.mark.parametrize("size", [2, 9, 200])
@pytest.mark.parametrize("num_labels", [2, 7])
def test_mutual_information_equals_scikit_learn(size, num_labels):
    metrics = pytest.importorskip("sklearn.metrics")
    for seed in range(20):
        generator = np.random.default_rng(seed)
        labels = generator.integers(num_labels, size=size)
        moved = generator.uniform(size=size) < 0.3
        clusters = np.where(moved, generator.integers(5, size=size), labels)
        if len({*labels}) == len({*clusters}) == 1:
            continue
        statistic = MutualInformation([f"{x}" for x in labels], clusters)
        expected = metrics.normalized_mutual_info_score(labels, clusters)
        value = statistic(np.ones((1, size)))[0]
        assert value == pytest.approx(expected, abs=1e-12)
        rows = generator.integers(size, size=size)
        counts = np.bincount(rows, minlength=size)[np.newaxis]
        value = statistic(counts.astype("float64"))[0]
        if len({*labels[rows]}) == len({*clusters[rows]}) == 1:
            assert np.isnan(value)
            continue
        expected = metrics.normalized_mutual_info_score(
            labels[rows], clusters[rows]
        )
        assert value == pytest.approx(expected, abs=1e-12)


def test_mutual_information_of_one_label_is_undefined():
    statistic = MutualInformation(["a", "a"], [0, 0])
    assert np.isnan(statistic(np.ones((1, 2)))).all()
