import numpy as np
import pytest
import scipy.stats

from keras_mirror.evaluation import score as score_module
from keras_mirror.evaluation.score import Score
from keras_mirror.evaluation.score import average
from keras_mirror.evaluation.score import estimate
from keras_mirror.evaluation.statistics import Mean
from keras_mirror.evaluation.statistics import Spearman


def pair(size=150):
    noise = np.random.default_rng(0).normal(size=(2, size))
    return noise[0], noise[0] + noise[1]


def test_interval_equals_scipy_bootstrap():
    score = estimate(Spearman(*pair()), 150, num_resamples=4000)
    reference = scipy.stats.bootstrap(
        pair(),
        lambda x, y: scipy.stats.spearmanr(x, y).statistic,
        paired=True,
        vectorized=False,
        n_resamples=2000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert score.value == pytest.approx(scipy.stats.spearmanr(*pair())[0])
    assert score.interval == pytest.approx(reference, abs=0.01)


def test_interval_holds_the_truth_nineteen_times_of_twenty():
    generator = np.random.default_rng(0)
    hits = 0
    for index in range(300):
        values = generator.normal(size=60)
        low, high = estimate(Mean(values), 60, str(index)).interval
        hits += low < 0 < high
    assert 0.90 < hits / 300 < 0.98


def test_same_items_same_samples():
    values = np.random.default_rng(0).normal(size=80)
    first = estimate(Mean(values), 80, "STS14")
    second = estimate(Mean(values + 0.1), 80, "STS14")
    difference = second - first
    # Paired: a constant shift is certain, whatever each one's spread.
    assert difference.value == pytest.approx(0.1)
    assert difference.interval == pytest.approx((0.1, 0.1))
    assert first.interval[1] - first.interval[0] > 0.3
    other = estimate(Mean(values), 80, "STS16")
    assert abs(np.corrcoef(first.resamples, other.resamples)[0, 1]) < 0.2
    again = estimate(Mean(values), 80, "STS14", seed=1)
    assert abs(np.corrcoef(first.resamples, again.resamples)[0, 1]) < 0.2


def test_chunks_do_not_matter(monkeypatch):
    whole = estimate(Mean(pair()[0]), 150)
    monkeypatch.setattr(score_module, "CHUNK", 1000)
    parts = estimate(Mean(pair()[0]), 150)
    np.testing.assert_allclose(whole.resamples, parts.resamples, atol=1e-12)
    assert len(whole.resamples) == 1000


def test_undefined_stays_undefined():
    constant = estimate(Spearman(np.ones(9), np.arange(9)), 9)
    assert constant.value is None and constant.interval is None
    defined = estimate(Spearman(np.arange(9), np.arange(9)), 9)
    assert defined.value == pytest.approx(1.0)
    for score in (constant - defined, defined - constant):
        assert score.value is None and score.interval is None
    assert average([constant, defined]).value is None
    assert average([constant, defined]).interval is None


def test_samples_that_are_undefined_do_not_count():
    score = Score(0.5, np.array([np.nan, 0.4, 0.6]))
    assert score.interval == pytest.approx((0.405, 0.595))


def test_average_of_independent_scores_is_surer():
    scores = [
        estimate(Mean(np.random.default_rng(i).normal(size=50)), 50, str(i))
        for i in range(9)
    ]
    mean = average(scores)
    assert mean.value == pytest.approx(np.mean([s.value for s in scores]))
    widths = [s.interval[1] - s.interval[0] for s in scores]
    width = mean.interval[1] - mean.interval[0]
    assert width == pytest.approx(np.mean(widths) / 3, rel=0.15)
